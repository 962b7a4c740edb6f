"""How a package is made: at one moment, without a lock, once, and without leaving anything open behind."""

from datetime import UTC, datetime
from uuid import UUID

from service.kernel import datamap
from service.kernel.clock import Moment
from service.kernel.database import Connection
from service.kernel.datamap import Person
from service.rights.package.gather import Spool, gather
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
    pieces = await service.desks.rights.package(UUID(request_id), Moment(now=datetime.now(UTC), override=None))
    assert await anext(pieces)
    await pieces.aclose()
    assert await _state(service, request_id) == "running"
    assert (await fetch(service, request_id, "package")).status_code == 200


async def test_a_package_waits_for_nobody(service: Running) -> None:
    """Whoever holds the person's lock does not keep the package waiting, nor the package them."""
    request_id = await _ready(service)

    async def work(connection: Connection) -> None:
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(subject_id::text, 0)) FROM subjects")
        assert (await fetch(service, request_id, "package")).status_code == 200

    await service.database.run("test.hold", work)


async def test_what_is_sealed_lies_sealed_until_it_is_sent(service: Running) -> None:
    """Rows are put aside as the database holds them, so that a full memory spills nothing that it does not show."""
    given = await service.record(ADA, {"analytics": "given"}, evidence={"screen": MARKER})
    person = Person(UUID(succeeded(given, 201)["subject_id"]), ())
    spool = Spool()
    found = await datamap.read(service.database)

    async def read(connection: Connection) -> None:
        await gather(connection, found, person, person.subject_id, spool)

    spool.restart((await service.desks.keys.seals([person.subject_id])).open)
    await service.database.at_one_moment(read)
    assert any(MARKER in str(kept.row) for kept in spool)
    spool._file.seek(0)
    put_aside = spool._file.read()
    spool.close()
    assert b"ledger_entries" in put_aside
    assert MARKER.encode() not in put_aside


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
