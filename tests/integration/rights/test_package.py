"""How a package is made: at one moment, without a lock, once, and without leaving anything open behind."""

import io
import tracemalloc
import zipfile
from datetime import UTC, datetime
from uuid import UUID

import pytest

from benchmarks.package import approved, fill
from service.kernel import datamap
from service.kernel.clock import Moment
from service.kernel.database import Connection
from service.kernel.datamap import Person
from service.rights.model import PackageServed
from service.rights.package.gather import gather
from service.rights.package.spool import Spool
from service.subjects.model import Identifier
from tests.filing import REQUESTS, approve_all, data, fetch, file, package
from tests.running import Running, customer, refused, succeeded

ADA, BOB = customer("ada"), customer("bob")
MARKER = "screen-of-ada-marker"


async def _ready(service: Running) -> str:
    """A request of somebody known, approved."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "access", ADA))["request_id"]
    await approve_all(service, request_id)
    return request_id


async def _state(service: Running, request_id: str) -> str:
    return succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))["state"]


async def test_a_package_is_served_once(service: Running) -> None:
    """Afterwards there would be other data in it than what the request was answered with: a new one is asked for."""
    request_id = await _ready(service)
    assert (await fetch(service, request_id, "package")).status_code == 200
    assert await _state(service, request_id) == "completed"
    problem = refused(await fetch(service, request_id, "package"), 410, "package-served")
    assert "new request" in problem["detail"]


async def test_a_package_that_did_not_arrive_can_be_fetched_again(service: Running) -> None:
    """A download that breaks off has served nobody: the request stays open."""
    request_id = await _ready(service)
    pieces = await service.desks.access.package(UUID(request_id), Moment(now=datetime.now(UTC), override=None))
    assert await anext(pieces)
    await pieces.aclose()
    assert await _state(service, request_id) == "running"
    assert (await fetch(service, request_id, "package")).status_code == 200


async def test_a_package_waits_for_nobody(service: Running) -> None:
    """Whoever holds the person's lock does not keep the package waiting, nor the package them.

    Only the entry that an officer fetches it waits, before anything is gathered.
    """
    request_id = await _ready(service)
    moment = Moment(now=datetime.now(UTC), override=None)

    async def work(connection: Connection) -> None:
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(subject_id::text, 0)) FROM subjects")
        pieces = await service.desks.access.package(UUID(request_id), moment)
        assert [piece async for piece in pieces]

    await service.database.run("test.hold", work)


async def test_what_is_put_aside_can_be_read_by_nobody_else(service: Running) -> None:
    """Rows wait under a key that is nowhere but in memory, so that what a full memory spills tells nothing."""
    given = await service.record(ADA, {"analytics": "given"}, evidence={"screen": MARKER})
    person = Person(UUID(succeeded(given, 201)["subject_id"]), ())
    spool = Spool()
    found = await datamap.read(service.database)
    opened = (await service.desks.keys.seals([person.subject_id])).open

    async def read(connection: Connection) -> None:
        await gather(connection, found, person, person.subject_id, opened, spool)

    await service.database.at_one_moment(read)
    assert any(MARKER.encode() in bytes(kept.row) for kept in spool)
    spool._file.seek(0)
    put_aside = spool._file.read()
    spool.close()
    assert put_aside
    for told in (MARKER, "ledger_entries", str(person.subject_id)):
        assert told.encode() not in put_aside


async def test_of_two_who_fetch_at_once_one_gets_the_package(service: Running) -> None:
    """The last piece, without which nothing opens, goes to whoever completes the request."""
    request_id = UUID(await _ready(service))
    moment = Moment(now=datetime.now(UTC), override=None)
    first, second = [await service.desks.access.package(request_id, moment) for _ in range(2)]
    whole = b"".join([piece async for piece in first])
    broken: list[bytes] = []
    with pytest.raises(PackageServed):
        broken += [piece async for piece in second]
    assert zipfile.ZipFile(io.BytesIO(whole)).testzip() is None
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(broken)))


async def test_what_was_written_about_several_people_is_shown_to_none(service: Running) -> None:
    """Nobody can say of whom a request speaks that names two; one that names somebody unknown beside is theirs."""
    for person in (ADA, BOB):
        await service.give(person, "analytics")
    await file(service, "access", ADA, BOB, details="both of us")
    await file(service, "access", ADA, customer("nobody"), details="ada alone")
    told = {}
    for person in (ADA, BOB, customer("nobody")):
        document = data(await package(service, person))
        held = [subject["tables"] for subject in document["subjects"]] or [document["unmatched"]]
        told[person["value"]] = [
            row["details"] for tables in held for row in tables["rights_requests"] if row["details"]
        ]
    assert told == {"ada": ["ada alone"], "bob": [], "nobody": []}


async def test_a_package_takes_no_more_memory_the_more_there_is(service: Running) -> None:
    """Of somebody with four times as many contacts no more is held at once: rows wait on the disk, sealed."""
    tracemalloc.start()
    try:
        peaks = [await _peak(service, customer(f"of {number}"), number) for number in (3_000, 12_000)]
    finally:
        tracemalloc.stop()
    few, many = peaks
    assert many < 12 * 2**20
    assert many < few + 2 * 2**20


async def _peak(service: Running, whom: dict[str, str], touchpoints: int) -> int:
    """The most memory that was held while the package of somebody with so many contacts was made."""
    subjects = service.desks.subjects
    lookup = subjects.lookup(Identifier(**whom))
    await fill(service.database, subjects, lookup, touchpoints)
    request_id = await approved(service.database, lookup)
    tracemalloc.reset_peak()
    held, _ = tracemalloc.get_traced_memory()
    async for _ in await service.desks.access.package(request_id, Moment(now=datetime.now(UTC))):
        pass
    return tracemalloc.get_traced_memory()[1] - held
