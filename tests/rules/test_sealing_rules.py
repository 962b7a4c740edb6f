"""The rules of sealing: what is sealed opens in its place and with its keys, and nowhere else."""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from service.kernel.crypto import KeyUnusable, SealBroken, Sealer, unwrap_key
from service.subjects.keyfile import read_key_file
from service.subjects.keys.model import OWN, OWN_PREFIX
from tests.consenting import ON_CONSENT, text
from tests.filing import REQUESTS, approve, erase, fetch, filing, package
from tests.running import Json, Running, customer, succeeded

ADA, BOB = customer("ada"), customer("bob")
MARKER = "planted evidence"
OWN_COLUMNS = (("lookups", "sealed"), ("ledger_entries", "evidence"), ("touchpoints", "properties"))


@pytest.fixture
async def connection(service: Running) -> AsyncIterator[asyncpg.Connection]:
    """The database as somebody with psql has it."""
    connection = await asyncpg.connect(service.database_url)
    yield connection
    await connection.close()


async def live(service: Running, subject: Json, said: str) -> None:
    """Leave something sealed in every column that is the person's own."""
    await service.give(subject, *ON_CONSENT, evidence={"screen": said})
    now = text(datetime.now(UTC))
    assert (await service.touch(subject, "purchase", now, properties={"query": said}))["outcome"] == "stored"


async def sealed_values(connection: asyncpg.Connection) -> list[tuple[str, str, bytes, bytes]]:
    """Table, column, whose and value of everything that is sealed under a person's own key."""
    return [
        (table, column, row["subject_id"].bytes, row["value"])
        for table, column in OWN_COLUMNS
        for row in await connection.fetch(
            f"SELECT subject_id, {column} AS value FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - names of this test
        )
    ]


@pytest.mark.rule("I5")
@pytest.mark.parametrize(("table", "column"), OWN_COLUMNS)
async def test_a_value_moved_to_another_row_does_not_open(
    service: Running, connection: asyncpg.Connection, table: str, column: str
) -> None:
    """A sealed value copied to another row does not open: another's package shows nothing of it."""
    await live(service, ADA, MARKER)
    await live(service, BOB, "something else")
    assert MARKER.encode() not in (await package(service, BOB)).read("data.json")
    ids = [row["subject_id"] for row in await connection.fetch("SELECT subject_id FROM subjects ORDER BY created_at")]
    of_ada = f"SELECT {column} FROM {table} WHERE subject_id = $1 AND {column} IS NOT NULL LIMIT 1"  # noqa: S608 - names of this test
    await connection.execute(f"UPDATE {table} SET {column} = ({of_ada}) WHERE subject_id = $2", *ids)  # noqa: S608 - the same
    request_id = succeeded(await service.post(REQUESTS, filing("access", BOB)), 202)["request_id"]
    succeeded(await approve(service, request_id))
    answer = await fetch(service, request_id, "package")
    assert not zipfile.is_zipfile(io.BytesIO(answer.content))
    shown = succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))
    assert shown["state"] == "running"


@pytest.mark.rule("I5")
async def test_a_value_opens_only_in_its_place(service: Running, connection: asyncpg.Connection) -> None:
    """A sealed value copied to another row, column or table does not open, with the right key neither."""
    await live(service, ADA, MARKER)
    await live(service, BOB, MARKER)
    values = await sealed_values(connection)
    keys = await connection_keys(service)
    opened = 0
    for table, column, owner, value in values:
        for place in {(t, c, o) for t, c, o, _ in values}:
            try:
                Sealer(keys[owner], OWN).open(value, place[0].encode(), place[1].encode(), place[2])
                opened += 1
                assert place == (table, column, owner)
            except SealBroken:
                assert place != (table, column, owner)
    assert opened == len(values) > 6


async def connection_keys(service: Running) -> dict[bytes, bytes]:
    """The data key of everyone, as the service would unwrap it."""
    epochs = service.desks.keys._keyring.epochs
    rows = await service.keyring.fetch("SELECT subject_id, epoch, data_key FROM subject_keys")
    return {row["subject_id"].bytes: epochs.unwrap(row["epoch"], row["data_key"]) for row in rows}


@pytest.mark.rule("I9")
async def test_the_main_database_opens_nothing_without_the_keyring(
    service: Running, connection: asyncpg.Connection
) -> None:
    """A dump of the main database cannot be attacked: even with every key of the key file nothing of people opens."""
    await live(service, ADA, MARKER)
    values = await sealed_values(connection)
    assert {(table, column) for table, column, _, _ in values} == set(OWN_COLUMNS)
    for table, column, owner, value in values:
        assert value.startswith(OWN_PREFIX)
        for key in read_key_file(service.desks.settings):
            for version in (OWN, key.version):
                moved = version.to_bytes(2, "big") + value[2:]
                with pytest.raises(SealBroken):
                    Sealer(key.raw, version).open(moved, table.encode(), column.encode(), owner)


@pytest.mark.rule("I9")
async def test_the_keyring_opens_nothing_without_the_key_file(service: Running) -> None:
    """A dump of both databases cannot be attacked either: keys are wrapped by one that no database has."""
    await live(service, ADA, MARKER)
    (row,) = await service.keyring.fetch("SELECT * FROM subject_keys")
    for key in read_key_file(service.desks.settings):
        for wrapped in (row["data_key"], row["pseudonym_secret"]):
            if key.use == "epoch":
                assert len(unwrap_key(key.raw, wrapped)) == 32
            else:
                with pytest.raises(KeyUnusable):
                    unwrap_key(key.raw, wrapped)


@pytest.mark.rule("I5")
async def test_what_is_left_of_an_erased_person_opens_with_no_key(
    service: Running, connection: asyncpg.Connection
) -> None:
    """A sealed value of an erased person, kept in a backup, does not open once the keys are shredded."""
    await live(service, ADA, MARKER)
    await live(service, BOB, MARKER)
    ada = await connection.fetchval("SELECT subject_id FROM subjects ORDER BY created_at LIMIT 1")
    backup = [value for value in await sealed_values(connection) if value[2] == ada.bytes]
    await erase(service, ADA)
    assert backup
    keys = await connection_keys(service)
    assert ada.bytes not in keys
    held = [*keys.values(), *(key.raw for key in read_key_file(service.desks.settings))]
    for table, column, owner, value in backup:
        for key in held:
            with pytest.raises(SealBroken):
                Sealer(key, OWN).open(value, table.encode(), column.encode(), owner)
