"""Rights requests in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from service.kernel.body import Instant
from service.kernel.database import Connection, Reader, Row
from service.kernel.queries import load
from service.rights.model import Refusal, Right, RightsRequest, Sealed, State

QUERIES = load(__package__)


class Place(Struct, frozen=True, array_like=True):
    """A place in the order of urgency: behind this request."""

    closed: bool
    due_at: Instant
    request_id: UUID


def behind(request: RightsRequest) -> Place:
    """The place behind a request."""
    return Place(closed=request.closed_at is not None, due_at=request.due_at, request_id=request.request_id)


class Wanted(Struct, frozen=True):
    """Which requests are looked for; None is whichever."""

    state: State | None = None
    right: Right | None = None
    due_before: datetime | None = None


class Naming(Struct, frozen=True):
    """Whom a request names."""

    request_id: UUID
    closed: bool
    lookups: Sequence[bytes]
    unverified: Sequence[bytes]


async def clock(connection: Connection) -> datetime:
    """The database's clock."""
    return await connection.fetchval(QUERIES["clock"])


async def file(connection: Connection, request: RightsRequest, sealed: Sealed) -> None:
    """Keep a new request."""
    await connection.execute(
        QUERIES["file"],
        request.request_id,
        request.right.value,
        request.state.value,
        request.language,
        list(request.lookups),
        list(request.unverified),
        list(request.purposes),
        request.filed_by,
        request.received_at,
        request.due_at,
        request.verified_by,
        request.verified_at,
        sealed.details,
        sealed.verification,
        sealed.replacement,
        sealed.grounds,
        sealed.address,
        sealed.identifiers,
    )


async def request(reader: Reader, request_id: UUID) -> RightsRequest | None:
    """One request."""
    row = await reader.fetchrow(QUERIES["request"], request_id)
    return _request(row) if row else None


async def only_of(reader: Reader, lookups: Sequence[bytes]) -> list[UUID]:
    """The requests that name nobody but the holder of these lookups."""
    return [row["request_id"] for row in await reader.fetch(QUERIES["only_of"], list(lookups))]


async def sealed(reader: Reader, request_id: UUID) -> Sealed:
    """What is sealed of one request."""
    row = await reader.fetchrow(QUERIES["sealed"], request_id)
    return Sealed(**dict(row)) if row else Sealed()


async def locked(connection: Connection, request_id: UUID, *, alike: bool = False) -> RightsRequest | None:
    """One request, which nobody else moves until this transaction ends; with all that are `alike` in an identifier."""
    await connection.execute(QUERIES["lock_alike" if alike else "lock"], request_id)
    return await request(connection, request_id)


async def page(reader: Reader, wanted: Wanted, after: Place | None, most: int) -> list[RightsRequest]:
    """Up to `most` requests, the most urgent first, behind a place."""
    rows = await reader.fetch(
        QUERIES["page"],
        wanted.state.value if wanted.state else None,
        wanted.right.value if wanted.right else None,
        wanted.due_before,
        after.closed if after else None,
        after.due_at if after else None,
        after.request_id if after else None,
        most,
    )
    return [_request(row) for row in rows]


async def verify(
    connection: Connection,
    request_id: UUID,
    lookups: Sequence[bytes],
    *,
    by: str,
    sealed: bytes,
    at: datetime | None,
) -> None:
    """Take some of the identifiers named as the person's; the time is the database's unless the caller chose it."""
    await connection.execute(QUERIES["verify"], request_id, list(lookups), by, sealed, at)


async def approve(connection: Connection, request_id: UUID, officer_id: UUID, at: datetime | None) -> None:
    """Keep an officer's approval."""
    await connection.execute(QUERIES["approve"], request_id, officer_id, at)


async def move(connection: Connection, request_id: UUID, state: State, at: datetime, *, closes: bool) -> None:
    """Write where a request stands from now on. Nobody calls this but `moving`, which writes it in the ledger too."""
    await connection.execute(QUERIES["move"], request_id, state.value, at, closes)


async def extend(connection: Connection, request_id: UUID, due_at: datetime, at: datetime, reason: bytes) -> None:
    """Give the answer more time, for a sealed reason."""
    await connection.execute(QUERIES["extend"], request_id, due_at, at, reason)


async def refuse(connection: Connection, request_id: UUID, reason: Refusal, text: bytes) -> None:
    """Keep why a request is refused; the text is sealed."""
    await connection.execute(QUERIES["refuse"], request_id, reason.value, text)


async def lift(connection: Connection, request_id: UUID, lifts_at: datetime) -> None:
    """Keep before when a restriction is not lifted."""
    await connection.execute(QUERIES["lift"], request_id, lifts_at)


async def restricted_beside(connection: Connection, request: RightsRequest, at: datetime) -> bool:
    """Whether another request restricts one of the same people, who were not told in time that it ends."""
    return await connection.fetchval(QUERIES["restricted_beside"], request.request_id, list(request.lookups), at)


async def respell(connection: Connection, wrong: bytes, right: bytes) -> None:
    """Let unfinished requests name somebody by the right identifier."""
    await connection.execute(QUERIES["respell"], wrong, right)


async def forsaken(connection: Connection, age: timedelta, most: int) -> list[UUID]:
    """Some requests that nobody has verified for so long, locked."""
    return [row["request_id"] for row in await connection.fetch(QUERIES["forsaken"], age, most)]


async def forget_address(connection: Connection, request_id: UUID) -> None:
    """Forget where the outcome was to be told."""
    await connection.execute(QUERIES["forget_address"], request_id)


async def empty(connection: Connection, request_id: UUID) -> None:
    """Take from a request everything that leads to the person."""
    await connection.execute(QUERIES["empty"], request_id)


async def let_go(connection: Connection, lookups: Sequence[bytes]) -> None:
    """Take lookups out of unfinished requests that also name somebody else."""
    await connection.execute(QUERIES["let_go"], list(lookups))


async def naming_before(reader: Reader, lookup: bytes, after: UUID, most: int) -> list[Naming]:
    """The next requests after one that name somebody by a lookup before `lookup`, up to `most`."""
    rows = await reader.fetch(QUERIES["naming_before"], lookup, after, most)
    return [Naming(row["request_id"], row["closed"], row["lookups"] or (), row["unverified"]) for row in rows]


async def rename(connection: Connection, before: Naming, lookups: Sequence[bytes], unverified: Sequence[bytes]) -> bool:
    """Let a request name the same people in another way; False where it was changed meanwhile."""
    status = await connection.execute(
        QUERIES["rename"],
        before.request_id,
        list(before.lookups),
        list(before.unverified),
        sorted(lookups),
        sorted(unverified),
    )
    return status == "UPDATE 1"


async def rename_codes(connection: Connection, request_id: UUID, new: Mapping[bytes, bytes]) -> None:
    """Let the codes of a request, which the caller has locked, prove the same identifiers in another way."""
    await connection.executemany(QUERIES["rename_code"], [(request_id, old, name) for old, name in new.items()])


async def commitments(connection: Connection, subject_id: UUID) -> list[bytes]:
    """The commitments of the subject's entries that still hold their fact, oldest first."""
    return [row["commitment"] for row in await connection.fetch(QUERIES["commitments"], subject_id)]


async def certify(connection: Connection, request_id: UUID, certificate: str) -> None:
    """Keep the certificate of an erasure."""
    await connection.execute(QUERIES["certify"], request_id, certificate)


async def may_erase(reader: Reader) -> bool:
    """Whether the role of this connection may empty entries of the ledger."""
    row = await reader.fetchrow(QUERIES["may_erase"])
    return row is not None and row["granted"]


def _request(row: Row) -> RightsRequest:
    return RightsRequest(
        request_id=row["request_id"],
        right=Right(row["right"]),
        state=State(row["state"]),
        language=row["language"],
        lookups=row["lookups"],
        filed_by=row["filed_by"],
        received_at=row["received_at"],
        due_at=row["due_at"],
        verified_by=row["verified_by"],
        verified_at=row["verified_at"],
        completed_at=row["completed_at"],
        certificate=row["certificate"],
        approved_by=row["approved_by"],
        unverified=row["unverified"],
        purposes=row["purposes"],
        extended_at=row["extended_at"],
        refusal=Refusal(row["refusal"]) if row["refusal"] else None,
        closed_at=row["closed_at"],
        lifts_at=row["lifts_at"],
    )
