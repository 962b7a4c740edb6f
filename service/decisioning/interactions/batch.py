"""Interactions that are judged one after the other, each in the light of those before it, and what they add up to."""

from collections import Counter as Tally
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from service.decisioning import caps
from service.decisioning.caps import Counter, Key
from service.decisioning.interactions import rules
from service.decisioning.interactions.model import Interaction, InteractionOutcome, Kept, Past
from service.decisioning.interactions.rules import Allowed
from service.decisioning.learning.model import Arm, Counts
from service.decisioning.tokens import TokenClaims
from service.policy.model import Bundle

STORED = InteractionOutcome(outcome="stored")
DUPLICATE = InteractionOutcome(outcome="duplicate")


class Batch:
    """What is to be kept of a call, counted by caps, and learnt."""

    def __init__(
        self, bundle: Bundle, allow: Mapping[UUID, Allowed], before: Mapping[UUID, Past], now: datetime
    ) -> None:
        """A call at a time, by what each subject allows and what became of each decision before."""
        self.kept: list[Kept] = []
        self._bundle = bundle
        self._allow = allow
        self._past = dict(before)
        self._now = now

    def add(self, interaction: Interaction, claims: TokenClaims) -> InteractionOutcome:
        """What becomes of one interaction; what is stored is added to `kept`."""
        allows = self._allow[claims.subject_id]
        if reason := rules.refused(claims, allows):
            return InteractionOutcome(outcome="dropped", reason=reason.value)
        past = self._past.get(claims.decision_id, Past())
        if interaction.event in past.events:
            return DUPLICATE
        placement = self._bundle.placements.get(claims.placement)
        success = placement.success if placement else None
        now = rules.after(past, interaction.event, success, learns=rules.learns(claims, allows))
        self._past[claims.decision_id] = now
        self.kept.append(_kept(interaction, claims, past, now))
        return STORED

    def counters(self) -> Mapping[Key, frozenset[str]]:
        """The counters of caps that are needed, each with the purposes for which it begins."""
        return dict(self._hits())

    def counted(self, taken: Mapping[Key, Counter]) -> Mapping[Key, Counter]:
        """What counters that were taken say afterwards; no limit stops what has happened already."""
        after = {key: self._usable(key, counter) for key, counter in taken.items()}
        for key, purposes in self._hits():
            counter = after[key]
            after[key] = Counter(counter.n + 1, counter.purposes | purposes, counter.counted_since)
        return after

    def _hits(self) -> list[tuple[Key, frozenset[str]]]:
        return [hit for kept in self.kept for hit in rules.counters(self._bundle, kept, self._now)]

    def _usable(self, key: Key, counter: Counter) -> Counter:
        """What was counted under a consent that has ended counts no more (C22)."""
        grants = self._allow.get(key.subject_id, rules.NOBODY).grants
        if counter.n and caps.counts(counter.purposes, counter.counted_since, grants):
            return counter
        return Counter(0, frozenset(), self._now)

    def lessons(self) -> Mapping[Arm, Counts]:
        """What arms are to count by what is kept."""
        shown = Tally(_arm(kept) for kept in self.kept if kept.shown)
        succeeded = Tally(_arm(kept) for kept in self.kept if kept.succeeded)
        return {arm: Counts(shown[arm], succeeded[arm]) for arm in shown.keys() | succeeded.keys()}


def _arm(kept: Kept) -> Arm:
    return Arm(kept.placement, kept.stage, kept.offer)


def _kept(interaction: Interaction, claims: TokenClaims, past: Past, now: Past) -> Kept:
    return Kept(
        subject_id=claims.subject_id,
        decision_id=claims.decision_id,
        event=interaction.event,
        placement=claims.placement,
        offer=claims.offer,
        stage=claims.stage or "",
        occurred_at=interaction.occurred_at,
        purposes=claims.purposes,
        shown=now.shown and not past.shown,
        succeeded=now.succeeded and not past.succeeded,
    )
