"""The verbs of linking: link, unlink, rotate. Each is one transaction that holds the locks of both subjects."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

import msgspec

from service.consent import store as consent_store
from service.consent.consequences import Consequences
from service.consent.linking import rules, store, writing
from service.consent.linking.model import (
    Linked,
    LinkedElsewhere,
    Linking,
    LinkRefused,
    RestoredPurpose,
    Unlinked,
    Unlinking,
)
from service.consent.linking.writing import Ends
from service.consent.model import Cookie, Status
from service.consent.rules import fold
from service.kernel.auth import Principal
from service.kernel.clock import Moment
from service.kernel.database import Connection, Database
from service.kernel.idempotency import Answers, Claim
from service.kernel.problem import Fault, Forbidden, IdempotencyConflict
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle
from service.subjects.commands import COOKIE, Subjects
from service.subjects.model import Identifier, IdentifierRefused, Led, Lookup

Answer = TypeVar("Answer", Linked, Unlinked)


class LinkDesk:
    """Lets browsers speak for known subjects, and ends that."""

    def __init__(
        self,
        *,
        database: Database,
        policy: ActivePolicy,
        subjects: Subjects,
        answers: Answers,
        consequences: Consequences,
    ) -> None:
        self._consequences = consequences
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._answers = answers

    async def link(self, linking: Linking, caller: Principal, key: str | None, moment: Moment) -> Linked:
        """Link a browser to a known subject; again it changes nothing. Raises `LinkRefused`, `LinkedElsewhere`."""
        _refuse_browser(caller)
        anonymous = self._lookup(linking.anonymous, "$.anonymous", anonymous=True)
        known = self._lookup(linking.known, "$.known", anonymous=False)
        bundle = self._policy.current
        claim = self._answers.claim(caller, key, "link", linking, [anonymous.name, known.name])

        async def work(connection: Connection) -> Linked:
            return await self._link(connection, bundle, anonymous, known, moment.override)

        return await self._once("consent.link", claim, Linked, work)

    async def unlink(self, unlinking: Unlinking, caller: Principal, key: str | None, moment: Moment) -> Unlinked:
        """End the link of a browser; where there is none, nothing happens, which is success too."""
        _refuse_browser(caller)
        anonymous = self._lookup(unlinking.identifier, "$.identifier", anonymous=True)
        bundle = self._policy.current
        claim = self._answers.claim(caller, key, "unlink", unlinking, [anonymous.name])

        async def work(connection: Connection) -> Unlinked:
            return await self._unlink(connection, bundle, anonymous, moment.override)

        return await self._once("consent.unlink", claim, Unlinked, work)

    async def rotate(self, old: str | None, moment: Moment) -> Cookie:
        """A new cookie for a browser; whoever has kept the old one speaks for nobody known from now on (I7).

        Nothing is written without an old one, or for one that is not linked or was never issued: they lead to nobody.
        """
        if old:
            with suppress(IdentifierRefused):
                await self._leave(self._subjects.lookup(Identifier(kind=COOKIE, value=old)), moment.override)
        return Cookie(value=self._subjects.issue_cookie())

    def _lookup(self, identifier: Identifier, path: str, *, anonymous: bool) -> Lookup:
        """The lookup of an identifier that must name a browser, or somebody; two of a sort cannot be linked."""
        try:
            lookup = self._subjects.lookup(identifier)
        except IdentifierRefused as problem:
            raise IdentifierRefused("Nothing was changed.", faults=[Fault(path, problem.detail)]) from None
        if lookup.anonymous is not anonymous:
            message = "must be one that names a browser: a cookie" if anonymous else "must name somebody, not a browser"
            raise LinkRefused("Nothing was changed.", faults=[Fault(f"{path}.kind", message)])
        return lookup

    async def _once(
        self, name: str, claim: Claim | None, kind: type[Answer], work: Callable[[Connection], Awaitable[Answer]]
    ) -> Answer:
        """Do the work in one transaction, unless its Idempotency-Key was answered before."""

        async def claimed(connection: Connection) -> Answer:
            if claim and (earlier := (await self._answers.earlier(connection, [claim])).get(claim.key_hash)):
                if isinstance(earlier, IdempotencyConflict):
                    raise earlier
                return msgspec.json.decode(earlier, type=kind)
            answer = await work(connection)
            if claim:
                await self._answers.keep(connection, [(claim, msgspec.json.encode(answer), answer.subject_id)])
            return answer

        return await self._database.run(name, claimed)

    async def _link(
        self, connection: Connection, bundle: Bundle, anonymous: Lookup, known: Lookup, at: datetime | None
    ) -> Linked:
        arrivals = [(anonymous, at), (known, at)]
        entered = await self._subjects.enter(connection, [anonymous.hash, known.hash], at=at, arrivals=arrivals)
        led, known_id = entered.led[anonymous.hash], entered.subjects[known.hash]
        if led.subject_id not in (led.home, known_id):
            raise LinkedElsewhere(
                "Unlink it first (POST /v1/subjects/unlink); on a shared device the page takes a new cookie at logout."
            )
        trails = await consent_store.past(connection, [anonymous.hash, known.hash])
        theirs, past = trails[anonymous.hash].home, trails[known.hash].home
        link = await store.link(connection, led.home) if _is_linked(led) else None
        merger = rules.merge(bundle, theirs, rules.without(past, link) if link else past, entered.recorded_at)
        if link is None:
            ends = Ends(anonymous.hash, led.home, known_id, entered.recorded_at, bundle.digest)
            link = await writing.join(connection, ends, past, merger, self._consequences)
        return Linked(
            subject_id=known_id,
            link=link,
            purposes=merger.purposes,
            objections=[objection.purpose for objection in merger.objections],
            restricted=merger.restricted,
        )

    async def _unlink(self, connection: Connection, bundle: Bundle, anonymous: Lookup, at: datetime | None) -> Unlinked:
        entered = await self._subjects.enter(connection, [anonymous.hash], at=at)
        led = entered.led.get(anonymous.hash)
        if led is None or not _is_linked(led):
            return Unlinked(subject_id=None, purposes={})
        trail = (await consent_store.past(connection, [anonymous.hash]))[anonymous.hash]
        link = await store.link(connection, led.home)
        ends = Ends(anonymous.hash, led.home, led.subject_id, entered.recorded_at, bundle.digest)
        before = trail.known[link]
        after = await writing.part(connection, ends, link, before, self._consequences)
        then, now = fold(before.said), fold(after.said)
        purposes: dict[str, RestoredPurpose] = {}
        for purpose in sorted(rules.brought(before, link)):
            state = now.get(purpose)
            kept = state is not None and state.entry_id == then[purpose].entry_id
            status = state.status if state else Status.UNKNOWN
            purposes[purpose] = RestoredPurpose(status=status, outcome="kept" if kept else "restored")
        return Unlinked(subject_id=led.subject_id, purposes=purposes)

    async def _leave(self, anonymous: Lookup, at: datetime | None) -> None:
        digest = self._policy.current.digest

        async def work(connection: Connection) -> None:
            entered = await self._subjects.enter(connection, [anonymous.hash], at=at)
            led = entered.led.get(anonymous.hash)
            if led is not None and _is_linked(led):
                ends = Ends(anonymous.hash, led.home, led.subject_id, entered.recorded_at, digest)
                await writing.leave(connection, ends, await store.link(connection, led.home))

        await self._database.run("consent.rotate", work)


def _refuse_browser(caller: Principal) -> None:
    if caller.kind == "browser":
        raise Forbidden("A page cannot say who has signed in on it; do this with a secret key.")


def _is_linked(led: Led) -> bool:
    return led.subject_id != led.home
