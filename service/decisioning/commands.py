"""The verb of decisions: decide. What is profiled is stored before it is answered; nothing else is."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import msgspec

from service.consent.commands import ConsentDesk
from service.consent.model import Permission, Standing
from service.consent.verdicts import permissions
from service.decisioning import rules, store
from service.decisioning.model import (
    Choice,
    Decided,
    DecisionMade,
    DecisionRefused,
    DecisionsMade,
    Input,
    Mode,
    OfferShown,
    Page,
    Situation,
)
from service.journey.commands import JourneyDesk
from service.journey.model import Facts
from service.kernel.apart import apart
from service.kernel.batching import Batches
from service.kernel.clock import Moment
from service.kernel.database import Connection, Database
from service.kernel.ids import new_id
from service.kernel.problem import Fault
from service.policy.commands import ActivePolicy
from service.policy.expression import TODAY, Value
from service.policy.model import Bundle, Placement
from service.subjects.store import lock

ATTEMPTS = 3
CERTAIN = 1.0
LANES = 4
"""Batches at once: a person whose lock is held keeps only those of their own batch waiting."""

Seal = Callable[[str, str, UUID, bytes], bytes]


class DecisionDesk:
    """Fills placements. It is handed a hash that leads to a subject, never an identifier."""

    def __init__(
        self, *, database: Database, policy: ActivePolicy, consent: ConsentDesk, journey: JourneyDesk, seal: Seal
    ) -> None:
        self._database = database
        self._policy = policy
        self._consent = consent
        self._journey = journey
        self._seal = seal
        self._pages: Batches[Page, bool] = Batches(apart(self._store, _whose), lanes=LANES)

    async def close(self) -> None:
        """Store everything that waits, and take nothing new."""
        await self._pages.close()

    async def decide(self, situation: Situation, lookup: bytes | None, moment: Moment) -> DecisionsMade:
        """What fills each placement for the subject behind `lookup` (None: anyone).

        A consent that changes while we decide makes us decide again; when it will not keep still, nothing about the
        person is used at all.
        """
        bundle = self._policy.current
        placements = _placements(bundle, situation)
        facts = {**_context(bundle, situation), TODAY: moment.now.date()}
        for _ in range(ATTEMPTS if lookup else 0):
            standing = await self._consent.standing(lookup) if lookup else None
            if standing is None:
                break
            verdicts = permissions(bundle, list(bundle.purposes), standing, moment.now, gpc=situation.gpc)
            made = await self._decide_for(bundle, situation, placements, facts, standing, verdicts, moment)
            if made is not None:
                return made
        slots = [rules.slot(bundle, placement, frozenset()) for placement in placements]
        return _answer(bundle, situation, rules.choose(bundle, slots, facts), {})

    async def _decide_for(
        self,
        bundle: Bundle,
        situation: Situation,
        placements: Sequence[Placement],
        facts: Facts,
        standing: Standing,
        verdicts: Mapping[str, Permission],
        moment: Moment,
    ) -> DecisionsMade | None:
        """The decisions for a known subject; None when their consent changed before they could be stored."""
        allowed = {purpose for purpose, verdict in verdicts.items() if verdict.allowed}
        slots = [rules.slot(bundle, placement, allowed) for placement in placements]
        fields = rules.personal(bundle, slots)
        if fields:
            facts = {**facts, **await self._journey.facts(bundle, standing, fields, moment.now)}
        choices = rules.choose(bundle, slots, facts)
        decided = {
            choice.slot.placement.id: self._decided(bundle, choice, facts, standing, verdicts)
            for choice in choices
            if choice.mode is Mode.PROFILED
        }
        if decided:
            used = frozenset[str]().union(*(one.choice.slot.purposes for one in decided.values()))
            page = Page(
                subject_id=standing.subject_id,
                revision=standing.revision,
                ends=tuple(end for purpose in used if (end := verdicts[purpose].valid_until)),
                site=situation.site,
                bundle=bundle.digest,
                decided_at=moment.override,
                decisions=tuple(decided.values()),
            )
            if not await self._pages.answer(page):
                return None
        return _answer(bundle, situation, choices, decided)

    def _decided(
        self, bundle: Bundle, choice: Choice, facts: Facts, standing: Standing, verdicts: Mapping[str, Permission]
    ) -> Decided:
        """A profiled choice with its proof, and no value but those that its own placement's offers read."""
        read = {name: facts[name] for name in sorted(choice.slot.reads & facts.keys())}
        inputs = {name: Input(value, bundle.fields[name].purpose) for name, value in read.items()}
        sealed = self._seal("decisions", "inputs", standing.subject_id, msgspec.json.encode(inputs))
        return Decided(
            decision_id=new_id(),
            choice=choice,
            stage=rules.stage(bundle, read),
            proof=_proof(choice, verdicts),
            propensity=CERTAIN,
            inputs=sealed,
        )

    async def _store(self, batch: Sequence[Page], patient: bool) -> list[bool | BaseException]:
        """Keep pages of decisions in one transaction; False for one that what was read no longer allows.

        A decision happens when the database says so, after the lock: then no change of consent that was recorded before
        it is overlooked, and the entries that prove it were there and had not expired (D4).
        """

        async def work(connection: Connection) -> list[bool | BaseException]:
            await lock(connection, {page.subject_id for page in batch}, shared=True)
            revisions, clock = await store.revisions(connection, {page.subject_id for page in batch})
            dated = [msgspec.structs.replace(page, decided_at=page.decided_at or clock) for page in batch]
            hold = [rules.still_holds(page, revisions.get(page.subject_id)) for page in dated]
            await store.store(connection, [page for page, holds in zip(dated, hold, strict=True) if holds])
            return list(hold)

        return await self._database.run_batch("decisioning.decide", work, patient=patient)


def _whose(page: Page) -> UUID:
    return page.subject_id


def _proof(choice: Choice, verdicts: Mapping[str, Permission]) -> tuple[UUID, ...]:
    """The ledger entries that allowed what was used; a purpose on another basis has none (D4)."""
    entries = (verdicts[purpose].proof for purpose in sorted(choice.slot.purposes))
    return tuple(entry for entry in entries if entry is not None)


def _answer(
    bundle: Bundle, situation: Situation, choices: Sequence[Choice], decided: Mapping[str, Decided]
) -> DecisionsMade:
    languages = bundle.sites[situation.site].languages
    return DecisionsMade(
        decisions=[
            DecisionMade(
                decision_id=kept.decision_id if (kept := decided.get(choice.slot.placement.id)) else None,
                placement=choice.slot.placement.id,
                mode=choice.mode,
                reason=choice.reason,
                stage=kept.stage if kept else None,
                offer=OfferShown(
                    id=choice.offer.id, content=rules.in_language(choice.offer, situation.language, languages)
                ),
                propensity=CERTAIN,
                proof=list(kept.proof) if kept else [],
                bundle=bundle.digest,
            )
            for choice in choices
        ]
    )


def _placements(bundle: Bundle, situation: Situation) -> list[Placement]:
    if situation.site not in bundle.sites:
        known = ", ".join(sorted(bundle.sites))
        raise DecisionRefused("Nothing was decided.", faults=[Fault("$.site", f"unknown; sites.toml has: {known}")])
    of_site = {p.id: p for p in bundle.placements.values() if p.site == situation.site}
    faults = [
        Fault(f"$.placements[{place}]", f"unknown on this site; placements.toml has: {', '.join(sorted(of_site))}")
        for place, placement in enumerate(situation.placements)
        if placement not in of_site
    ]
    if len(set(situation.placements)) != len(situation.placements):
        faults.append(Fault("$.placements", "a placement is named twice"))
    if faults:
        raise DecisionRefused("Nothing was decided.", faults=faults)
    return [of_site[placement] for placement in situation.placements]


def _context(bundle: Bundle, situation: Situation) -> dict[str, Value]:
    """The context of a request, each value of the type that its field declares; raises `DecisionRefused`."""
    declared = {field.id: field for field in bundle.fields.values() if field.source == "context"}
    known: dict[str, Value] = {}
    faults: list[Fault] = []
    for name, raw in situation.context.items():
        field = declared.get(name)
        value = field.value_of(raw) if field else None
        if value is not None:
            known[name] = value
        elif field:
            faults.append(Fault(f"$.context.{field.id}", f"must be {' | '.join(field.values) or field.type}"))
        else:
            faults.append(Fault("$.context", f"unknown field; fields.toml has: {', '.join(sorted(declared))}"))
    if faults:
        raise DecisionRefused("Nothing was decided.", faults=faults)
    return known
