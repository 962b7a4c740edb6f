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
from service.kernel.problem import Unavailable
from service.policy.commands import ActivePolicy
from service.subjects import rules, store
from service.subjects.keyring import Keyring, Stage, lookups_of_version, version_of
from service.subjects.keys.commands import SubjectKeys
from service.subjects.keys.model import Seals
from service.subjects.model import (
    COOKIE_HEADER,
    Identifier,
    IdentifierRefused,
    IdentifierTaken,
    Led,
    Lookup,
    NotYourSubject,
    SubjectMissing,
)
from service.subjects.private import KeyFileRefused

COOKIE = "cookie"


Arrival = tuple[Lookup, datetime | None]
"""Somebody who becomes a subject if they are none yet, at a time where one is chosen."""


class Entered(Struct, frozen=True):
    """Whom lookups lead to and whose own they are, with the locks of all these held, and since when.

    `new` are the subjects that were made on the way, `seals` what seals values of theirs and of who gives evidence.
    """

    recorded_at: datetime
    led: Mapping[bytes, Led]
    seals: Seals
    new: Collection[UUID]

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
        self._hasher = cache(self._hasher_of)
        self.keys = keys

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
        version = self._keyring.stage.reads
        return Lookup(
            hash=self.hash_under(version, kind.id, normalised.encode()),
            kind=kind.id,
            key_version=version,
            normalised=normalised,
            anonymous=kind.normaliser == COOKIE,
        )

    def hash_under(self, version: int, kind: str, normalised: bytes) -> bytes:
        """What an identifier is looked for by under one version of the key, which the hash begins with."""
        return lookups_of_version(version) + self._hasher(version, kind).hash(normalised)

    def _hasher_of(self, version: int, kind: str) -> Hasher:
        return self._keyring.lookups[version].after(b"v1", kind.encode())

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
        evident: Collection[bytes] = (),
        confirm: store.type_of_confirm = store.confirm,
    ) -> Entered:
        """Lock the subjects behind lookups, on both ends of a link (steps 2 to 6 of DESIGN section 9).

        Of `arrivals`, who are among the lookups, those never seen become subjects; for whom is `evident`, and for them,
        comes what seals their values. `confirm` is what reads again once the locks are held. Raises
        `KeyringUnavailable`, and `RunAgain` when a lookup led elsewhere by then: resolving again inside the same
        transaction could take locks out of order.
        """
        before = dict(await store.resolve(connection, hashes))
        strangers = {lookup.hash: (lookup, at) for lookup, at in arrivals if lookup.hash not in before}
        seals = await self.keys.seals({end for lookup in evident for end in before.get(lookup, ())})
        new, of_new = await self._admit(connection, list(strangers.values()))
        before |= {lookup: Led(subject_id, subject_id) for lookup, subject_id in new.items()}
        await store.lock(connection, {subject for led in before.values() for subject in led}, shared=shared)
        clock, after = await confirm(connection, hashes)
        if after != before:
            raise RunAgain
        return Entered(recorded_at=at or clock, led=after, seals=seals | of_new, new=frozenset(new.values()))

    async def _admit(self, connection: Connection, arrivals: Sequence[Arrival]) -> tuple[Mapping[bytes, UUID], Seals]:
        """Make a subject for each lookup (step 2), and what seals their values.

        Their keys are committed before, whatever becomes of the caller's transaction. Raises `KeyringUnavailable`, and
        `RunAgain` where somebody else makes a subject for the same lookup, or the lookup key is being rotated and this
        process was a stage behind, which it no longer is then.
        """
        if not arrivals:
            return {}, self.keys.none
        ids, stage = {lookup.hash: new_id() for lookup, _ in arrivals}, self._keyring.stage
        seals = await self.keys.create(list(ids.values()))
        proposals = [self._proposal(stage, seals, ids[lookup.hash], lookup, at) for lookup, at in arrivals]
        new = await store.admit(connection, proposals, stage)
        if new is None:
            await self._catch_up(connection)
        if new is None or len(new) < len(ids):
            raise RunAgain
        return ids, seals

    async def rectify(
        self, connection: Connection, wrong: bytes, right: Lookup, *, at: datetime | None
    ) -> tuple[Led, datetime] | None:
        """Let who is found by a wrong identifier be found by the right one instead (Art. 16); since when.

        In the order of the locks; nobody may have one yet. None where nobody is known by the wrong one. Raises
        `IdentifierTaken` where somebody else is by the right one, `KeyringUnavailable` and `RunAgain`.
        """
        led = (await store.resolve(connection, [wrong])).get(wrong)
        if led is None:
            return None
        stage, seals = self._keyring.stage, await self.keys.seals({led.home})
        if led.home not in seals:
            raise RunAgain
        proposal = self._proposal(stage, seals, led.home, right, at)
        placed = await store.rectify(connection, wrong, proposal, stage)
        if placed is None:
            await self._catch_up(connection)
            raise RunAgain
        if placed < len(store.rows_of(proposal)[0]):
            raise IdentifierTaken("Nothing was changed: somebody else is known by what should stand there.")
        await store.lock(connection, set(led))
        clock, after = await store.confirm(connection, [wrong, right.hash])
        if after.get(wrong) != led or after.get(right.hash) != led:
            raise RunAgain
        await store.replace(connection, proposal)
        await store.bump(connection, set(led))
        return led, at or clock

    def among(self, lookup: Lookup, names: Collection[bytes]) -> list[bytes]:
        """Those of these lookups that are of this identifier, under whichever version of the key."""
        plain = lookup.normalised.encode()
        return [name for name in names if self.hash_under(version_of(name), lookup.kind, plain) == name]

    async def _catch_up(self, connection: Connection) -> None:
        try:
            self._keyring.follow(await store.stages(connection))
        except KeyFileRefused as error:
            raise Unavailable("The keys are being changed, and are not here yet; ask again.") from error

    def _proposal(
        self, stage: Stage, seals: Seals, subject_id: UUID, lookup: Lookup, at: datetime | None
    ) -> store.Proposal:
        normalised = lookup.normalised.encode()
        sealed = seals.seal("lookups", "sealed", subject_id, normalised)
        found = self.hash_under(stage.reads, lookup.kind, normalised)
        also = self.hash_under(stage.also, lookup.kind, normalised) if stage.also else None
        return store.Proposal(found, also, subject_id, lookup.kind, stage.reads, stage.also, sealed, at)

    def seal(self, table: str, column: str, owner: UUID, plain: bytes) -> bytes:
        """Seal a value under the deployment's key for one column of one owner's row; it opens nowhere else (I5)."""
        return self._keyring.seal.seal(plain, table.encode(), column.encode(), owner.bytes)

    def open(self, table: str, column: str, owner: UUID, sealed: bytes) -> bytes:
        """Open what was sealed for that column of that owner's row; raises `SealBroken`."""
        return self._keyring.seal.open(sealed, table.encode(), column.encode(), owner.bytes)
