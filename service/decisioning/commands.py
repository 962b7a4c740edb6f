"""The verb of decisions: decide. What is profiled is stored before it is answered; nothing else is."""

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from uuid import UUID

import msgspec

from service.consent.commands import ConsentDesk, permissions
from service.consent.model import Permission, Standing
from service.decisioning import rules, store
from service.decisioning.model import (
    Choice,
    Decided,
    DecisionMade,
    DecisionRefused,
    DecisionsMade,
    Mode,
    OfferShown,
    Situation,
)
from service.journey.commands import JourneyDesk
from service.journey.model import Facts
from service.kernel.clock import Moment
from service.kernel.database import Connection, Database
from service.kernel.ids import new_id
from service.kernel.problem import Fault
from service.policy.commands import ActivePolicy
from service.policy.expression import Value
from service.policy.model import Bundle, Placement
from service.subjects.store import lock

ATTEMPTS = 3
CERTAIN = 1.0

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

    async def decide(self, situation: Situation, lookup: bytes | None, moment: Moment) -> DecisionsMade:
        """What fills each placement for the subject behind `lookup` (None: anyone).

        A consent that changes while we decide makes us decide again; when it will not keep still, nothing about the
        person is used at all.
        """
        bundle = self._policy.current
        placements = _placements(bundle, situation)
        context = _context(bundle, situation)
        for _ in range(ATTEMPTS if lookup else 0):
            standing = (await self._consent.standing(self._database, [lookup] if lookup else [])).get(lookup or b"")
            if standing is None:
                break
            verdicts = permissions(bundle, list(bundle.purposes), standing, moment.now, gpc=situation.gpc)
            made = await self._decide_for(bundle, situation, placements, context, standing, verdicts, moment.now)
            if made is not None:
                return made
        choices = rules.choose(bundle, placements, frozenset(), None, context)
        return _answer(bundle, situation, choices, None, {})

    async def _decide_for(
        self,
        bundle: Bundle,
        situation: Situation,
        placements: Sequence[Placement],
        context: Facts,
        standing: Standing,
        verdicts: Mapping[str, Permission],
        now: datetime,
    ) -> DecisionsMade | None:
        """The decisions for a known subject; None when their consent changed before they could be stored."""
        allowed = {purpose for purpose, verdict in verdicts.items() if verdict.allowed}
        known, stage = await self._known(bundle, placements, standing, allowed, now)
        choices = rules.choose(bundle, placements, allowed, stage, {**context, **known})
        profiled = [choice for choice in choices if choice.mode is Mode.PROFILED]
        inputs = msgspec.json.encode({"context": context, "known": known}, order="deterministic")
        decided = {
            choice.placement.id: Decided(
                decision_id=new_id(),
                choice=choice,
                stage=stage,
                proof=_proof(choice, verdicts),
                propensity=CERTAIN,
                inputs=self._seal("decisions", "inputs", standing.subject_id, inputs),
            )
            for choice in profiled
        }
        if decided and not await self._store(bundle, situation, standing, list(decided.values()), now):
            return None
        return _answer(bundle, situation, choices, stage, decided)

    async def _known(
        self, bundle: Bundle, placements: Sequence[Placement], standing: Standing, allowed: Set[str], now: datetime
    ) -> tuple[dict[str, Value], str | None]:
        """What the permitted offers read of the person, and their stage: no field of a purpose not allowed (D1)."""
        offers = [o for p in placements for o in rules.permitted(rules.candidates(bundle, p), allowed)]
        fields = rules.fields_of(bundle, offers)
        known = dict(await self._journey.facts(self._database, bundle, standing, fields, now)) if fields else {}
        stages = (known.get(field.id) for field in fields if field.source == "stage")
        stage = next(stages, None)
        return known, stage if isinstance(stage, str) else None

    async def _store(
        self, bundle: Bundle, situation: Situation, standing: Standing, decided: Sequence[Decided], now: datetime
    ) -> bool:
        """Keep decisions under the subject's shared lock; False when consent changed since it was read."""

        async def work(connection: Connection) -> bool:
            await lock(connection, [standing.subject_id], shared=True)
            if await store.revision(connection, standing.subject_id) != standing.revision:
                return False
            await store.store(connection, standing.subject_id, situation.site, bundle.digest, now, decided)
            return True

        return await self._database.run("decisioning.decide", work)


def _proof(choice: Choice, verdicts: Mapping[str, Permission]) -> tuple[UUID, ...]:
    """The ledger entries that allowed what was used; a purpose on another basis has none (D4)."""
    entries = (verdicts[purpose].proof for purpose in sorted(choice.purposes))
    return tuple(entry for entry in entries if entry is not None)


def _answer(
    bundle: Bundle,
    situation: Situation,
    choices: Sequence[Choice],
    stage: str | None,
    decided: Mapping[str, Decided],
) -> DecisionsMade:
    languages = bundle.sites[situation.site].languages
    return DecisionsMade(
        decisions=[
            DecisionMade(
                decision_id=kept.decision_id if (kept := decided.get(choice.placement.id)) else None,
                placement=choice.placement.id,
                mode=choice.mode,
                reason=choice.reason,
                stage=stage if kept else None,
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
    for name, raw in situation.context.items():
        value = declared[name].value_of(raw) if name in declared else None
        if value is None:
            wanted = "; ".join(
                f"{field.id}: {' | '.join(field.values) or field.type}"
                for field in sorted(declared.values(), key=lambda f: f.id)
            )
            raise DecisionRefused("Nothing was decided.", faults=[Fault("$.context", f"fields.toml declares {wanted}")])
        known[name] = value
    return known
