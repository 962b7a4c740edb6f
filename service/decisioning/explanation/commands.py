"""The verbs of explanations: explain a decision that is stored, by the bundle of its time, or one just made."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service.consent import store as consent_store
from service.consent.model import Permission, Standing
from service.consent.verdicts import permissions
from service.decisioning.explanation import store
from service.decisioning.explanation.model import DecisionUnknown, Detail, Explanation
from service.decisioning.explanation.names import names_in
from service.decisioning.explanation.past import fate, readable, then_known
from service.decisioning.explanation.rules import MOST, Case
from service.decisioning.explanation.store import Stored
from service.decisioning.explanation.telling import Grant, Shown, told
from service.decisioning.model import Choice, DecisionMade, Inputs, Mode, Reason, Situation
from service.decisioning.tokens import TokenRefused, Tokens
from service.journey import store as journey_store
from service.journey.model import PastContact
from service.kernel.auth import Principal
from service.kernel.clock import Moment, system_now
from service.kernel.database import Connection, Database, Reader
from service.kernel.problem import Forbidden
from service.policy.commands import ActivePolicy, Archive
from service.policy.model import Bundle
from service.subjects.reading import read_of

Open = Callable[[str, str, UUID, bytes], bytes]

FEW = 200

_inputs = msgspec.json.Decoder(Inputs)


class Reading(Struct, frozen=True):
    """How an explanation is read: in which language, in which detail, and when."""

    language: str | None
    detail: Detail
    now: datetime


class About(Struct, frozen=True):
    """Where a person stands, what may be read of them, and their first contacts where those were read already."""

    standing: Standing
    verdicts: Mapping[str, Permission]
    contacts: Sequence[PastContact] | None = None


class ExplanationDesk:
    """Explains decisions. Of a person it reads what may still be read, and nothing that was not known then.

    Trying every change takes a while for who has had many contacts, so that it is work for another thread.
    """

    def __init__(self, *, database: Database, policy: ActivePolicy, opened: Open, tokens: Tokens) -> None:
        self._database = database
        self._policy = policy
        self._archive = Archive(database)
        self._opened = opened
        self._tokens = tokens

    async def explain_by_token(self, decision_id: UUID, token: str, reading: Reading) -> Explanation:
        """The same for whoever holds the token of the decision: the person it was made for; raises `Forbidden` too."""
        try:
            claims = self._tokens.open(token, reading.now)
        except TokenRefused:
            raise Forbidden("This token is not ours, or has expired; ask the site for an explanation.") from None
        if claims.decision_id != decision_id:
            raise Forbidden("This token came with another decision, and explains that one only.")
        if reading.detail != "person":
            raise Forbidden("With a token there is what the person is told; leave `detail` out.")
        return await self.explain(decision_id, reading)

    async def opened_by(self, decision_id: UUID, caller: Principal, moment: Moment) -> None:
        """Record that an officer opens the explanation of a decision; what a key reads is its service's."""
        if caller.kind != "officer" or (stored := await store.decision(self._database, decision_id)) is None:
            return
        read = partial(read_of, subject_id=stored.subject_id, officer=caller, what="explanation", which=decision_id)
        await self._database.run("explanation.open", partial(read, at=moment.override))

    async def explain(self, decision_id: UUID, reading: Reading) -> Explanation:
        """Why a stored decision was what it was, by the bundle of its time; raises `DecisionUnknown`."""
        stored = await store.decision(self._database, decision_id)
        about = await self._about(self._database, stored.subject_id, reading.now) if stored else None
        if stored is None or about is None:
            raise DecisionUnknown("It was never stored, or it went with the person's other data.")
        bundle = await self._archive.bundle(stored.bundle)
        return await self._explained(self._database, bundle, stored, about, reading)

    async def explain_all(
        self, connection: Connection, decisions: Sequence[Stored], reading: Reading
    ) -> dict[UUID, Explanation]:
        """Why several decisions for one person were what they were, read at one moment; by decision.

        They may be many, so that contacts are left out only of who has few (`FEW`): with more it would take too long.
        """
        about = await self._about(connection, decisions[0].subject_id, reading.now) if decisions else None
        if about is None:
            return {}
        purposes = [*self._policy.current.purposes]
        kept = await journey_store.remembered(
            connection, about.standing.subject_id, purposes, reading.now, reading.now, FEW + 1
        )
        about = replace(about, contacts=kept)
        return {
            stored.decision_id: await self._explained(
                connection, await self._archive.bundle(stored.bundle, connection), stored, about, reading
            )
            for stored in decisions
        }

    async def _explained(
        self, reader: Reader, bundle: Bundle, stored: Stored, about: About, reading: Reading
    ) -> Explanation:
        given = await consent_store.given(reader, stored.subject_id, stored.proof)
        inputs_are = fate(stored.purposes, stored.decided_at, about.standing, about.verdicts, self._policy.current)
        case: Case | None = None
        if stored.inputs is not None and inputs_are == "kept":
            sealed = self._opened("decisions", "inputs", stored.subject_id, stored.inputs)
            inputs = _inputs.decode(sealed)
            case = await self._case(reader, bundle, stored.placement, inputs, stored.decided_at, about)
        shown = Shown(
            decision_id=stored.decision_id,
            decided_at=stored.decided_at,
            bundle=stored.bundle,
            placement=stored.placement,
            offer=stored.offer,
            mode=Mode(stored.mode),
            reason=Reason(stored.reason),
            stage=stored.stage if case else None,
            propensity=stored.propensity,
            purposes=tuple(stored.purposes),
            grants={purpose: Grant(proof, since) for purpose, (proof, since) in given.items()},
            inputs_are=inputs_are if case or inputs_are == "restricted" else "ended",
            emptied_at=stored.emptied_at,
        )
        names = names_in(bundle, stored.site, reading.language)
        return await asyncio.to_thread(told, names, shown, case, reading.detail)

    async def explain_now(
        self,
        bundle: Bundle,
        situation: Situation,
        made: DecisionMade,
        choice: Choice,
        inputs: Inputs,
        standing: Standing | None,
    ) -> Explanation:
        """Why a decision that was just made is what it is, stored or not; nothing is read of who is nobody."""
        now = inputs.asked_at or system_now()
        verdicts = permissions(bundle, [*bundle.purposes], standing, now, gpc=situation.gpc)
        about = About(standing, verdicts) if standing else None
        case = await self._case(self._database, bundle, made.placement, inputs, now, about)
        shown = Shown(
            decision_id=made.decision_id,
            decided_at=now,
            bundle=made.bundle,
            placement=made.placement,
            offer=made.offer.id,
            mode=made.mode,
            reason=made.reason,
            stage=made.stage,
            propensity=made.propensity,
            purposes=tuple(sorted(choice.slot.purposes)),
            grants={p: Grant(verdicts[p].proof, state.effective_at) for p, state in standing.states.items()}
            if standing
            else {},
        )
        names = names_in(bundle, situation.site, situation.language)
        return await asyncio.to_thread(told, names, shown, case, "person")

    async def _case(
        self,
        reader: Reader,
        bundle: Bundle,
        placement: str,
        inputs: Inputs,
        decided_at: datetime,
        about: About | None,
    ) -> Case:
        now = inputs.asked_at or decided_at
        case = Case(bundle, bundle.placements[placement], inputs, now)
        read = {field.purpose for field in case.slot.personal if field.purpose}
        if about is None or not read:
            return case
        most = MOST if about.contacts is None else FEW
        if about.contacts is None:
            subject_id = about.standing.subject_id
            kept = await journey_store.remembered(reader, subject_id, read, now, decided_at)
        else:
            kept = then_known(about.contacts, read, now, decided_at)
        return replace(case, contacts=readable(kept, about.standing, about.verdicts, self._policy.current), most=most)

    async def _about(self, reader: Reader, subject_id: UUID, now: datetime) -> About | None:
        """Where a person stands, and what may be read of them now."""
        purposes = self._policy.current.purposes
        standing = (await consent_store.standing_of(reader, [subject_id], purposes)).get(subject_id)
        if standing is None:
            return None
        return About(standing, permissions(self._policy.current, [*purposes], standing, now, gpc=False))
