"""The verbs of identity: name a lookup, enter a transaction with subjects locked, seal and open what is theirs."""

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

from msgspec import Struct

from service.kernel.auth import Principal
from service.kernel.crypto import Hasher
from service.kernel.database import Connection, RunAgain
from service.kernel.ids import new_id
from service.policy.commands import ActivePolicy
from service.subjects import rules, store
from service.subjects.keyring import Keyring
from service.subjects.keys.commands import SubjectKeys
from service.subjects.keys.model import Seals
from service.subjects.model import (
    COOKIE_HEADER,
    Identifier,
    IdentifierRefused,
    Led,
    Lookup,
    NotYourSubject,
    SubjectMissing,
)

COOKIE = "cookie"


Arrival = tuple[Lookup, datetime | None]
"""Somebody who becomes a subject if they are none yet, at a time where one is chosen."""


class Entered(Struct, frozen=True):
    """Whom lookups lead to and whose own they are, with the locks of all these held, and since when.

    `new` are the subjects that were made on the way; `seals` seal what is theirs, and of whom else it was asked for.
    """

    recorded_at: datetime
    led: Mapping[bytes, Led]
    new: Collection[UUID]
    seals: Seals

    @property
    def subjects(self) -> Mapping[bytes, UUID]:
        """The subject that each lookup leads to, through its link if it has one."""
        return {lookup: led.subject_id for lookup, led in self.led.items()}

    @property
    def homes(self) -> Mapping[bytes, UUID]:
        """The subject whose own each lookup is."""
        return {lookup: led.home for lookup, led in self.led.items()}


class Subjects:
    """The one desk where identifiers become lookups and lookups become subjects."""

    def __init__(self, keyring: Keyring, policy: ActivePolicy, keys: SubjectKeys) -> None:
        self._keyring = keyring
        self._policy = policy
        self.keys = keys
        self._hasher = cache(self._hasher_of)

    def issue_cookie(self) -> str:
        """A new cookie value; nothing is stored until its owner decides something."""
        return rules.new_cookie(os.urandom(rules.COOKIE_RANDOM_BYTES), self._keyring.token)

    def lookup(self, identifier: Identifier) -> Lookup:
        """The lookup of an identifier; raises `IdentifierRefused` for an unknown kind or a value of the wrong form."""
        kind = self._policy.current.identifier_kinds.get(identifier.kind)
        if kind is None:
            known = ", ".join(sorted(self._policy.current.identifier_kinds))
            raise IdentifierRefused(f"This kind of identifier is not in identity.toml; it knows {known}.")
        normalised = rules.normalise(kind, identifier.value, self._keyring.token)
        hasher = self._hasher(kind.id)
        return Lookup(
            hash=hasher.hash(normalised.encode()),
            kind=kind.id,
            key_version=hasher.version,
            normalised=normalised,
            anonymous=kind.normaliser == COOKIE,
        )

    def _hasher_of(self, kind: str) -> Hasher:
        return self._keyring.lookup.after(b"v1", kind.encode())

    def named_by(self, caller: Principal, identifier: Identifier | None, cookie: str | None) -> Lookup | None:
        """Whom the caller speaks of: anyone for a server, its own cookie's subject for a browser (I10)."""
        if caller.kind == "browser":
            if identifier is not None and identifier.kind != COOKIE:
                raise NotYourSubject("A publishable key speaks for a cookie; leave `subject` out, or use a secret key.")
            identifier = identifier or (Identifier(kind=COOKIE, value=cookie) if cookie else None)
        return self.lookup(identifier) if identifier else None

    def required_of(self, caller: Principal, identifier: Identifier | None, cookie: str | None) -> Lookup:
        """The same, where a request without a subject makes no sense; raises `SubjectMissing`."""
        if lookup := self.named_by(caller, identifier, cookie):
            return lookup
        remedy = f"send the cookie in {COOKIE_HEADER}" if caller.kind == "browser" else "say it in `subject`"
        raise SubjectMissing(f"Nobody is named: {remedy}.")

    async def enter(
        self,
        connection: Connection,
        hashes: Collection[bytes],
        *,
        shared: bool = False,
        at: datetime | None = None,
        arrivals: Sequence[Arrival] = (),
        sealing: Collection[bytes] = (),
        confirm: store.type_of_confirm = store.confirm,
    ) -> Entered:
        """Lock the subjects behind lookups, on both ends of a link (steps 2 to 6 of DESIGN section 9).

        Of `arrivals`, who are among the lookups, those never seen become subjects. `sealing` are those of whom a value
        is going to be sealed. `confirm` is what reads again once the locks are held. Raises `RunAgain` when a lookup
        led elsewhere by then: resolving again inside the same transaction could take locks out of order.

        Keys are made and fetched before any lock: those of new subjects are committed, whatever becomes of the
        caller's transaction. Raises `KeyringUnavailable`.
        """
        before = dict(await store.resolve(connection, hashes))
        seals = await self.keys.seals({subject for lookup in sealing for subject in before.get(lookup, ())})
        strangers = {lookup.hash: (lookup, at) for lookup, at in arrivals if lookup.hash not in before}
        new, theirs = await self._admit(connection, list(strangers.values()))
        if len(new) < len(strangers):
            raise RunAgain
        before |= {lookup: Led(subject_id, subject_id) for lookup, subject_id in new.items()}
        await store.lock(connection, {subject for led in before.values() for subject in led}, shared=shared)
        clock, after = await confirm(connection, hashes)
        if after != before:
            raise RunAgain
        return Entered(recorded_at=at or clock, led=after, new=frozenset(new.values()), seals=seals | theirs)

    async def _admit(self, connection: Connection, arrivals: Sequence[Arrival]) -> tuple[Mapping[bytes, UUID], Seals]:
        """Make a subject for each lookup (step 2), unless somebody else is doing that; their keys are there before."""
        if not arrivals:
            return {}, self.keys.none
        ids = [new_id() for _ in arrivals]
        seals = await self.keys.create(ids)
        proposals: list[store.Proposal] = []
        for (lookup, at), subject_id in zip(arrivals, ids, strict=True):
            sealed = seals.seal("lookups", "sealed", subject_id, lookup.normalised.encode())
            proposals.append(store.Proposal(lookup.hash, subject_id, lookup.kind, lookup.key_version, sealed, at))
        admitted = await store.admit(connection, proposals)
        return {p.lookup: p.subject_id for p in proposals if p.subject_id in admitted}, seals

    def seal(self, table: str, column: str, owner: UUID, plain: bytes) -> bytes:
        """Seal a value under the deployment's key for one column of one owner's row; it opens nowhere else (I5)."""
        return self._keyring.seal.seal(plain, table.encode(), column.encode(), owner.bytes)

    def open(self, table: str, column: str, owner: UUID, sealed: bytes) -> bytes:
        """Open what was sealed for that column of that owner's row; raises `SealBroken`."""
        return self._keyring.seal.open(sealed, table.encode(), column.encode(), owner.bytes)
