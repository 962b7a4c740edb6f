"""The rights that are served as they are approved, in the caller's transaction: to rectify, restrict, object."""

from datetime import datetime

import msgspec

from service.consent.protection.commands import ProtectionDesk
from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.policy.model import Bundle
from service.rights import store
from service.rights.model import RequestNotReady, Right, RightsRequest, Sealed
from service.rights.sealing import Sealing
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects
from service.subjects.model import Identifier, Lookup

RECTIFICATION = "rectification"
"""The kind of the entry that says that an identifier was put right."""
SERVED_HERE = frozenset({Right.RECTIFICATION, Right.RESTRICTION, Right.OBJECTION})
WRONG_UNVERIFIED = "The wrong identifier is not verified: POST …/verify with a note of how, or refuse the request."
WORDS_GONE = "Its words went as somebody else whom it named was erased: refuse it, and let the person ask again."
NAMES_NOBODY = "It names nobody any more who was verified: refuse it, and let the person ask again."

_identifier = msgspec.json.Decoder(Identifier)
_identifiers = msgspec.json.Decoder(list[Identifier])


class Serving:
    """Does what was asked. No lock of a subject may be held yet; the caller holds the rows of all requests alike."""

    def __init__(self, *, subjects: Subjects, protection: ProtectionDesk, sealing: Sealing) -> None:
        self._subjects = subjects
        self._protection = protection
        self._sealing = sealing

    async def require_served(self, connection: Connection, request: RightsRequest) -> None:
        """Raises `RequestNotReady` where serving it would change nothing of whoever asked, who would be told it did."""
        sealed = await store.sealed(connection, request.request_id)
        if request.right is Right.RECTIFICATION:
            await self._wrong(connection, request, self._right(request, sealed))
        else:
            self._verified(request, sealed)

    async def serve(self, connection: Connection, request: RightsRequest, bundle: Bundle, at: datetime | None) -> None:
        """Serve a request of one of these rights; raises `IdentifierTaken` where nothing can be put right."""
        sealed = await store.sealed(connection, request.request_id)
        match request.right:
            case Right.RECTIFICATION:
                await self._rectify(connection, request, sealed, bundle, at)
            case Right.RESTRICTION:
                await self._protection.restricted(connection, self._verified(request, sealed), at)
            case Right.OBJECTION:
                known = [bundle.purposes[purpose] for purpose in request.purposes if purpose in bundle.purposes]
                purposes = [purpose for purpose in known if not purpose.direct_marketing]
                await self._protection.objected(connection, self._verified(request, sealed), purposes, at)
            case Right.ACCESS | Right.PORTABILITY | Right.ERASURE:
                pass

    def _verified(self, request: RightsRequest, sealed: Sealed) -> list[Lookup]:
        """The identifiers of its person, known or not, as they were written; raises `RequestNotReady`."""
        plain = self._sealing.open("identifiers", request.request_id, sealed.identifiers)
        if plain is None:
            raise RequestNotReady(WORDS_GONE)
        lookups = [self._subjects.lookup(identifier) for identifier in _identifiers.decode(plain)]
        if verified := [lookup for lookup in lookups if self._subjects.among(lookup, request.lookups)]:
            return verified
        raise RequestNotReady(NAMES_NOBODY)

    def _right(self, request: RightsRequest, sealed: Sealed) -> Lookup:
        """The identifier as it should be; raises `RequestNotReady`."""
        plain = self._sealing.open("replacement", request.request_id, sealed.replacement)
        if plain is None:
            raise RequestNotReady(WORDS_GONE)
        return self._subjects.lookup(_identifier.decode(plain))

    async def _wrong(self, connection: Connection, request: RightsRequest, right: Lookup) -> list[bytes]:
        """What leads to the person and is wrong, nothing where nobody is known by it; raises `RequestNotReady`."""
        named = await subjects_store.lookups_named(connection, request.lookups)
        wrong = [row["lookup"] for row in named if row["kind"] == right.kind]
        if request.unverified and not wrong:
            raise RequestNotReady(WRONG_UNVERIFIED)
        return wrong

    async def _rectify(
        self, connection: Connection, request: RightsRequest, sealed: Sealed, bundle: Bundle, at: datetime | None
    ) -> None:
        """Let the person be found by the right identifier, no longer by the wrong one (Art. 16), also by requests."""
        right = self._right(request, sealed)
        for wrong in await self._wrong(connection, request, right):
            if done := await self._subjects.rectify(connection, wrong, right, at=at):
                led, since = done
                await store.respell(connection, wrong, right.hash)
                facts = {"request_id": str(request.request_id), "identifier_kind": right.kind, "bundle": bundle.digest}
                entry = ledger_rules.entry(RECTIFICATION, led.home, new_id(), since, since, facts)
                await ledger.append(connection, [entry])
                await self._protection.announce(connection, entry)
