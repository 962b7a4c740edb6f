"""The verb of decisions: decide. What is profiled is stored before it is answered; nothing else is."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service.consent.commands import ConsentDesk
from service.consent.model import Permission
from service.decisioning import caps, question, ranking, rules
from service.decisioning.caps import EVERYBODY
from service.decisioning.explanation.commands import ExplanationDesk
from service.decisioning.keeping import Keeper
from service.decisioning.learning.arms import LEARNING
from service.decisioning.model import (
    Choice,
    Counted,
    Decided,
    DecisionMade,
    DecisionsMade,
    Draw,
    Filled,
    Mode,
    OfferShown,
    Page,
    Remembered,
    Situation,
    Slot,
)
from service.decisioning.recall import Known, Memory
from service.decisioning.slots import slot
from service.decisioning.tables import Tables
from service.decisioning.tokens import TokenClaims, Tokens
from service.journey.model import Facts
from service.kernel.clock import Moment
from service.kernel.crypto import Hasher
from service.kernel.database import Database
from service.kernel.ids import new_id
from service.policy.commands import ActivePolicy
from service.policy.expression import TODAY
from service.policy.model import Bundle, Placement

ATTEMPTS = 3

Seal = Callable[[str, str, UUID, bytes], bytes]


class Asked(Struct, frozen=True):
    """A question, understood: what is to be filled under which bundle, what the page says, and when it was asked."""

    bundle: Bundle
    situation: Situation
    placements: Sequence[Placement]
    facts: Facts
    moment: Moment

    @property
    def now(self) -> datetime:
        """When it was asked."""
        return self.moment.now


class Changed(Exception):
    """The consent that was read does not hold any longer."""


class DecisionDesk:
    """Fills placements. It is handed a hash that leads to a subject, never an identifier."""

    def __init__(
        self,
        *,
        database: Database,
        policy: ActivePolicy,
        consent: ConsentDesk,
        tokens: Hasher,
        seal: Seal,
        explanations: ExplanationDesk,
    ) -> None:
        self._policy = policy
        self._consent = consent
        self._hasher = tokens
        self._seal = seal
        self._explanations = explanations
        self._tokens = Tokens(tokens)
        self._memory = Memory(database)
        self._keeper = Keeper(database)
        self.tables = Tables()

    async def close(self) -> None:
        """Store everything that waits, and take nothing new."""
        await self._keeper.close()

    async def decide(self, situation: Situation, lookup: bytes | None, moment: Moment) -> DecisionsMade:
        """What fills each placement for the subject behind `lookup` (None: anyone).

        A consent that changes while we decide makes us decide again; when it will not keep still, or a restored backup
        has lost what people said, nothing about the person is used at all.
        """
        lookup = None if self._consent.gap.open else lookup
        bundle = self._policy.current
        placements = question.placements(bundle, situation)
        facts = {**question.context(bundle, situation), TODAY: moment.now.date()}
        asked = Asked(bundle, situation, placements, facts, moment)
        for _ in range(ATTEMPTS if lookup else 0):
            standing = await self._consent.standing(lookup, bundle.purposes) if lookup else None
            if standing is None:
                break
            with suppress(Changed):
                return await self._decide_for(asked, Known.of(bundle, standing, moment.now, gpc=situation.gpc))
        return await self._decide_for(asked, Known.of(bundle, None, moment.now, gpc=situation.gpc))

    async def _decide_for(self, asked: Asked, known: Known) -> DecisionsMade:
        """The decisions for a subject, or for nobody in particular; raises `Changed`.

        Whoever comes too late for a cap decides again without what it stops, and is the first in line with that.
        """
        slots = [self._slot(asked, placement, known) for placement in asked.placements]
        facts, remembered = await self._memory.recall(asked.bundle, slots, known, asked.now, asked.facts)
        late = False
        while True:
            filled = self._fill(asked, slots, facts, remembered, known.subject_id)
            page = self._page(asked, known, filled, facts)
            if not (page.decisions or page.counted):
                return await self._answer(asked, known, filled, facts, {})
            kept = await self._keeper.keep(page, first=late)
            if kept.decided_at is None:
                raise Changed
            if not kept.full:
                told = self._tokens_of(page, kept.decided_at)
                return await self._answer(asked, known, filled, facts, told)
            late, remembered = True, replace(remembered, full=remembered.full | kept.full)

    def _slot(self, asked: Asked, placement: Placement, known: Known) -> Slot:
        """What consent leaves for a placement; for who is held out, of what would be profiled service messages only."""
        bundle, allowed = asked.bundle, frozenset(known.grants)
        # 2. Mode
        found = slot(bundle, placement, allowed)
        # 3. Holdout
        if found.purposes and ranking.held_out(self._hasher, bundle.contact, known.subject_id, placement):
            return slot(bundle, placement, allowed, held_out=True)
        return found

    def _fill(
        self, asked: Asked, slots: Sequence[Slot], facts: Facts, remembered: Remembered, subject_id: UUID
    ) -> list[Filled]:
        def draw(slot: Slot) -> Draw:
            placement = slot.placement
            table = self.tables.of(placement.id, rules.stage(slot, facts))
            whose = subject_id if slot.purposes else caps.EVERYBODY  # without a purpose nobody is told apart (D1)
            u = ranking.uniform(self._hasher, asked.bundle.contact, whose, placement.id, asked.now)
            if placement.ranking == "thompson" and table:
                return Draw(u, table.version, table.probabilities)
            return Draw(u, None, {})

        return rules.fill_page(asked.bundle, slots, facts, remembered, draw, asked.now)

    def _decided(self, asked: Asked, filled: Filled, facts: Facts, known: Known) -> Decided:
        """A profiled choice with its proof, and no value but those that its own placement's offers read."""
        choice = filled.choice
        inputs = rules.inputs(asked.bundle, filled, facts, known.grants, asked.now)
        sealed = self._seal("decisions", "inputs", known.subject_id, msgspec.json.encode(inputs))
        return Decided(
            decision_id=new_id(),
            choice=choice,
            stage=rules.stage(choice.slot, facts),
            proof=_proof(choice, known.verdicts),
            inputs=sealed,
            learnable=LEARNING in known.grants,
            caps=_counted(choice),
        )

    def _page(self, asked: Asked, known: Known, filled: Sequence[Filled], facts: Facts) -> Page:
        """What is to be stored, and counted, of what fills a page."""
        profiled = [one for one in filled if one.choice.mode is Mode.PROFILED]
        used = frozenset[str]().union(*(one.choice.slot.purposes for one in profiled))
        return Page(
            subject_id=known.subject_id if profiled else EVERYBODY,
            revision=known.standing.revision if known.standing and profiled else None,
            ends=tuple(end for purpose in used if (end := known.verdicts[purpose].valid_until)),
            site=asked.situation.site,
            bundle=asked.bundle.digest,
            decided_at=asked.moment.override,
            decisions=tuple(self._decided(asked, one, facts, known) for one in profiled),
            grants=known.grants,
            windows=known.windows,
            counted=tuple(
                one for each in filled if each.choice.mode is Mode.CONTEXTUAL for one in _counted(each.choice)
            ),
        )

    def _tokens_of(self, page: Page, decided_at: datetime) -> dict[str, tuple[Decided, str]]:
        """Each decision of a page by its placement, with the token by which is reported what became of it."""
        return {
            one.choice.slot.placement.id: (one, self._tokens.issue(_claims(page, one, decided_at)))
            for one in page.decisions
        }

    async def _answer(
        self,
        asked: Asked,
        known: Known,
        filled: Sequence[Filled],
        facts: Facts,
        told: Mapping[str, tuple[Decided, str]],
    ) -> DecisionsMade:
        """What was decided, each decision with its explanation where that was asked for."""
        languages = asked.bundle.sites[asked.situation.site].languages
        made = [_made(asked, one.choice, told.get(one.choice.slot.placement.id), languages) for one in filled]
        if asked.situation.explain:
            for place, one in enumerate(filled):
                inputs = rules.inputs(asked.bundle, one, facts, known.grants, asked.now)
                explanation = await self._explanations.explain_now(
                    asked.bundle, asked.situation, made[place], one.choice, inputs, known.standing
                )
                made[place] = replace(made[place], explanation=explanation)
        return DecisionsMade(decisions=made)


def _counted(choice: Choice) -> tuple[Counted, ...]:
    """The caps in which a choice counts once it is made."""
    return tuple(one for one in choice.slot.caps.get(choice.offer.id, ()) if one.cap.event == "decision")


def _claims(page: Page, decided: Decided, decided_at: datetime) -> TokenClaims:
    return TokenClaims(
        decision_id=decided.decision_id,
        subject_id=page.subject_id,
        site=page.site,
        placement=decided.choice.slot.placement.id,
        offer=decided.choice.offer.id,
        stage=decided.stage,
        purposes=tuple(sorted(decided.choice.slot.purposes)),
        learnable=decided.learnable,
        decided_at=decided_at,
    )


def _proof(choice: Choice, verdicts: Mapping[str, Permission]) -> tuple[UUID, ...]:
    """The ledger entries that allowed what was used; a purpose on another basis has none (D4)."""
    entries = (verdicts[purpose].proof for purpose in sorted(choice.slot.purposes))
    return tuple(entry for entry in entries if entry is not None)


def _made(asked: Asked, choice: Choice, told: tuple[Decided, str] | None, languages: Sequence[str]) -> DecisionMade:
    offer, (kept, token) = choice.offer, told or (None, None)
    return DecisionMade(
        decision_id=kept.decision_id if kept else None,
        placement=choice.slot.placement.id,
        mode=choice.mode,
        reason=choice.reason,
        stage=kept.stage if kept else None,
        offer=OfferShown(
            id=offer.id,
            content=rules.in_language(offer, asked.situation.language, languages),
            personalised_price=offer.personalised_price,
        ),
        propensity=choice.propensity,
        proof=list(kept.proof) if kept else [],
        bundle=asked.bundle.digest,
        token=token,
    )
