"""The rights that are served as they are approved, in the caller's transaction: to rectify, restrict, object."""

from datetime import datetime

import msgspec

from service.consent.protection.announcing import announce
from service.consent.protection.commands import ProtectionDesk
from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.policy.model import Bundle
from service.rights import store
from service.rights.model import Right, RightsRequest, Sealed
from service.rights.sealing import Sealing
from service.subjects import store as subjects_store
from service.subjects.commands import Subjects
from service.subjects.model import Identifier, Lookup

RECTIFICATION = "rectification"
"""The kind of the entry that says that an identifier was put right."""
SERVED_HERE = frozenset({Right.RECTIFICATION, Right.RESTRICTION, Right.OBJECTION})

_identifier = msgspec.json.Decoder(Identifier)
_identifiers = msgspec.json.Decoder(list[Identifier])


class Serving:
    """Does what was asked. No lock of a subject may be held yet; the caller holds the rows of all requests alike."""

    def __init__(self, *, subjects: Subjects, protection: ProtectionDesk, sealing: Sealing) -> None:
        self._subjects = subjects
        self._protection = protection
        self._sealing = sealing

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
        """The identifiers of its person, known or not, as they were written; none once it was emptied."""
        plain = self._sealing.open("identifiers", request.request_id, sealed.identifiers)
        lookups = [self._subjects.lookup(identifier) for identifier in _identifiers.decode(plain)] if plain else []
        return [lookup for lookup in lookups if self._subjects.among(lookup, request.lookups)]

    async def _rectify(
        self, connection: Connection, request: RightsRequest, sealed: Sealed, bundle: Bundle, at: datetime | None
    ) -> None:
        """Let the person be found by the right identifier, no longer by the wrong one (Art. 16), also by requests."""
        plain = self._sealing.open("replacement", request.request_id, sealed.replacement)
        if plain is None:
            return
        right = self._subjects.lookup(_identifier.decode(plain))
        named = await subjects_store.lookups_named(connection, request.lookups)
        for wrong in [row["lookup"] for row in named if row["kind"] == right.kind]:
            if done := await self._subjects.rectify(connection, wrong, right, at=at):
                led, since = done
                await store.respell(connection, wrong, right.hash)
                facts = {"request_id": str(request.request_id), "identifier_kind": right.kind, "bundle": bundle.digest}
                entry = ledger_rules.entry(RECTIFICATION, led.home, new_id(), since, since, facts)
                await ledger.append(connection, [entry])
                await announce(connection, bundle, entry)
