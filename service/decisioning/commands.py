"""The verb of decisions: decide. What is profiled is stored before it is answered; nothing else is."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service.consent.commands import ConsentDesk
from service.consent.model import Permission, Standing
from service.consent.rules import counts_since
from service.consent.verdicts import permissions
from service.decisioning import caps, question, ranking, rules, store
from service.decisioning.explanation.commands import ExplanationDesk
from service.decisioning.keeping import Keeper
from service.decisioning.model import (
    Choice,
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
from service.decisioning.slots import slot
from service.decisioning.tables import Tables
from service.decisioning.tokens import TokenClaims, Tokens
from service.journey.commands import JourneyDesk
from service.journey.model import Facts
from service.kernel.clock import Moment
from service.kernel.crypto import Hasher
from service.kernel.database import Database
from service.kernel.ids import new_id
from service.policy.commands import ActivePolicy
from service.policy.expression import TODAY
from service.policy.model import Bundle, Placement, Window

ATTEMPTS = 3
LEARNING = "model_training"
"""The purpose that allows counting what people think of offers."""

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


class Known(Struct, frozen=True):
    """Somebody who is known, as far as they allow it. `grants`: since when what is kept for each purpose counts."""

    standing: Standing
    verdicts: Mapping[str, Permission]
    grants: Mapping[str, datetime | None]
    windows: Mapping[Window, datetime]


class DecisionDesk:
    """Fills placements. It is handed a hash that leads to a subject, never an identifier."""

    def __init__(
        self,
        *,
        database: Database,
        policy: ActivePolicy,
        consent: ConsentDesk,
        journey: JourneyDesk,
        tokens: Hasher,
        seal: Seal,
        explanations: ExplanationDesk,
    ) -> None:
        self._database = database
        self._policy = policy
        self._consent = consent
        self._journey = journey
        self._hasher = tokens
        self._seal = seal
        self._explanations = explanations
        self._tokens = Tokens(tokens)
        self._keeper = Keeper(database)
        self.tables = Tables()

    async def close(self) -> None:
        """Store everything that waits, and take nothing new."""
        await self._keeper.close()

    async def decide(self, situation: Situation, lookup: bytes | None, moment: Moment) -> DecisionsMade:
        """What fills each placement for the subject behind `lookup` (None: anyone).

        A consent that changes while we decide makes us decide again; when it will not keep still, nothing about the
        person is used at all.
        """
        bundle = self._policy.current
        placements = question.placements(bundle, situation)
        facts = {**question.context(bundle, situation), TODAY: moment.now.date()}
        asked = Asked(bundle, situation, placements, facts, moment)
        for _ in range(ATTEMPTS if lookup else 0):
            standing = await self._consent.standing(lookup) if lookup else None
            if standing is None:
                break
            if made := await self._decide_for(asked, self._known(asked, standing)):
                return made
        slots = [slot(bundle, placement, frozenset()) for placement in placements]
        filled = self._fill(asked, slots, facts, Remembered(), ranking.NOBODY)
        return await self._answer(asked, filled, {}, facts, None)

    def _known(self, asked: Asked, standing: Standing) -> Known:
        """Consent snapshot: what a known subject allows now."""
        bundle = asked.bundle
        verdicts = permissions(bundle, list(bundle.purposes), standing, asked.now, gpc=asked.situation.gpc)
        allowed = [purpose for purpose, verdict in verdicts.items() if verdict.allowed]
        return Known(
            standing=standing,
            verdicts=verdicts,
            grants={purpose: counts_since(bundle.purposes[purpose], standing) for purpose in allowed},
            windows=caps.windows(bundle.contact, asked.now),
        )

    async def _decide_for(self, asked: Asked, known: Known) -> DecisionsMade | None:
        """The decisions for a known subject; None when their consent changed before they could be stored.

        Whoever comes too late for a cap decides again without what it stops, and is the first in line with that.
        """
        subject_id, facts = known.standing.subject_id, asked.facts
        slots = [self._slot(asked, placement, known) for placement in asked.placements]
        if fields := rules.personal(slots):
            facts = {**facts, **await self._journey.facts(asked.bundle, known.standing, fields, asked.now, facts)}
        remembered = await self._remembered(asked, slots, known)
        late = False
        while True:
            filled = self._fill(asked, slots, facts, remembered, subject_id)
            profiled = [one for one in filled if one.choice.mode is Mode.PROFILED]
            decided = {one.choice.slot.placement.id: self._decided(asked, one, facts, known) for one in profiled}
            if not decided:
                return await self._answer(asked, filled, {}, facts, known)
            page = _page(asked, known, [*decided.values()])
            kept = await self._keeper.keep(page, first=late)
            if kept.decided_at is None:
                return None
            if not kept.full:
                told = {placement: (one, self._token(page, one, kept.decided_at)) for placement, one in decided.items()}
                return await self._answer(asked, filled, told, facts, known)
            late, remembered = True, replace(remembered, full=remembered.full | kept.full)

    def _slot(self, asked: Asked, placement: Placement, known: Known) -> Slot:
        """Mode and holdout: what consent leaves; for who is held out that is, of what is profiled, only service."""
        bundle, allowed = asked.bundle, frozenset(known.grants)
        found = slot(bundle, placement, allowed)
        if found.purposes and ranking.held_out(self._hasher, bundle.contact, known.standing.subject_id, placement):
            return slot(bundle, placement, allowed, held_out=True)
        return found

    async def _remembered(self, asked: Asked, slots: Sequence[Slot], known: Known) -> Remembered:
        """What earlier decisions leave of these slots, as far as it may still be used."""
        if not any(slot.purposes and slot.stopped_by for slot in slots):
            return Remembered()
        whose = {caps.EVERYBODY, known.standing.subject_id}
        counters = await store.counters(self._database, whose, {*known.windows.values()})
        return Remembered(full=caps.full(asked.bundle, counters.items(), known.windows, known.grants))

    def _fill(
        self, asked: Asked, slots: Sequence[Slot], facts: Facts, remembered: Remembered, subject_id: UUID
    ) -> list[Filled]:
        def draw(slot: Slot) -> Draw:
            placement = slot.placement
            table = self.tables.of(placement.id, rules.stage(slot, facts))
            u = ranking.uniform(self._hasher, asked.bundle.contact, subject_id, placement.id, asked.now)
            if placement.ranking == "thompson" and table:
                return Draw(u, table.version, table.probabilities)
            return Draw(u, None, {})

        return rules.fill_page(asked.bundle, slots, facts, remembered, draw, asked.now)

    def _decided(self, asked: Asked, filled: Filled, facts: Facts, known: Known) -> Decided:
        """A profiled choice with its proof, and no value but those that its own placement's offers read."""
        choice = filled.choice
        inputs = rules.inputs(asked.bundle, filled, facts, known.grants, asked.now)
        sealed = self._seal("decisions", "inputs", known.standing.subject_id, msgspec.json.encode(inputs))
        return Decided(
            decision_id=new_id(),
            choice=choice,
            stage=rules.stage(choice.slot, facts),
            proof=_proof(choice, known.verdicts),
            inputs=sealed,
            learnable=LEARNING in known.grants,
            caps=tuple(one for one in choice.slot.caps.get(choice.offer.id, ()) if one.cap.event == "decision"),
        )

    async def _answer(
        self,
        asked: Asked,
        filled: Sequence[Filled],
        told: Mapping[str, tuple[Decided, str]],
        facts: Facts,
        known: Known | None,
    ) -> DecisionsMade:
        """What was decided, each decision with its explanation where that was asked for."""
        languages = asked.bundle.sites[asked.situation.site].languages
        made = [_made(asked, one.choice, told.get(one.choice.slot.placement.id), languages) for one in filled]
        if asked.situation.explain:
            standing, allowed = (known.standing, known.grants) if known else (None, ())
            for place, one in enumerate(filled):
                inputs = rules.inputs(asked.bundle, one, facts, allowed, asked.now)
                explanation = await self._explanations.explain_now(
                    asked.bundle, asked.situation, made[place], one.choice, inputs, standing
                )
                made[place] = replace(made[place], explanation=explanation)
        return DecisionsMade(decisions=made)

    def _token(self, page: Page, decided: Decided, decided_at: datetime) -> str:
        """With which a page reports what became of a decision."""
        claims = TokenClaims(
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
        return self._tokens.issue(claims)


def _page(asked: Asked, known: Known, decided: Sequence[Decided]) -> Page:
    used = frozenset[str]().union(*(one.choice.slot.purposes for one in decided))
    return Page(
        subject_id=known.standing.subject_id,
        revision=known.standing.revision,
        ends=tuple(end for purpose in used if (end := known.verdicts[purpose].valid_until)),
        site=asked.situation.site,
        bundle=asked.bundle.digest,
        decided_at=asked.moment.override,
        decisions=tuple(decided),
        grants=known.grants,
        windows=known.windows,
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
