"""R12: of somebody who has been erased nothing is found, wherever one looks, but what is kept on purpose."""

import json
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from service.kernel import datamap
from service.kernel.datamap import DataMap
from service.subjects.keyring import load_key_file
from service.subjects.model import Identifier
from tests.conftest import ROOT
from tests.consenting import of_cookie
from tests.filing import approve_all, claims, fetch, file, package
from tests.filling import Filling
from tests.living import live
from tests.planting import Planted, in_base64, search
from tests.process import process_beside
from tests.receiving import Receiver, acknowledge, delivery, reach, receiving
from tests.rotating import keys
from tests.running import Running, customer, succeeded

BOB = customer("somebody else")
TOMBSTONE = {"subjects.subject_id", "ledger_entries.subject_id", "ledger_entries.payload", "consent_proofs.subject_id"}
"""Where the id of an erased subject stays, which leads nowhere: that they were erased, and that they had agreed."""
NAMED = "SELECT DISTINCT kind FROM ledger_entries WHERE payload IS NOT NULL AND subject_id = ANY($1)"
FILES = """
SELECT pg_relation_filepath(c.oid) AS path FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname IN ('public', 'pg_toast') AND relkind IN ('r', 'i', 't')
"""
BY_PURPOSE = {"erasures.journal", "mail"}
"""What is needed to erase anew after a restore, and what a developer reads in the place of a mailbox."""


class Traces(Planted):
    """What leads to somebody, or was said of them, in every spelling."""

    def __init__(self, raw: Iterable[bytes] = (), texts: Iterable[str] = ()) -> None:
        super().__init__()
        self._spellings = [form for one in raw for form in _forms(one)] + [text.encode() for text in texts]

    def spellings(self) -> list[bytes]:
        """As bytes, in hexadecimal, in base64 at each of its three offsets, as an id is written; texts as they are."""
        return self._spellings


def _forms(raw: bytes) -> Iterator[bytes]:
    yield from (raw, raw.hex().encode(), *in_base64(raw))
    if len(raw) == 16:
        yield str(UUID(bytes=raw)).encode()


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    """The customer records, which are told of every erasure."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def policies_dir(tmp_path: Path, crm: Receiver) -> Path:
    """The shop, in which the customer records can be reached."""
    folder = Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))
    reach(folder, "crm", crm.endpoint)
    return folder


@pytest.fixture
async def connection(service: Running) -> AsyncIterator[asyncpg.Connection]:
    """A look into the database from outside of the service."""
    connection = await asyncpg.connect(service.database_url)
    yield connection
    await connection.close()


async def lived(
    service: Running, process: Running, planted: Planted
) -> tuple[Sequence[Mapping[str, str]], list[bytes]]:
    """A life of somebody, in which the key of lookups is rotated; what they can be named by, and were found by ever."""
    await live(process, planted)
    full = customer(f"full {planted.marker}")
    await process.give(full, "analytics")
    named = [planted.email, planted.phone, planted.customer, *map(of_cookie, planted.cookies), full]
    named += [customer(f"{word} {planted.marker}") for word in ("wrong", "right", "minor", "gone")]
    before = hashed(service, named)
    rotated = await keys(service, "rotate", "lookup")
    assert rotated.status == 0, rotated.complained
    after = hashed(service, named)
    assert set(before).isdisjoint(after)
    return named, [*before, *after]


async def filled(service: Running, planted: Planted, datamap: DataMap) -> None:
    """A row of theirs in every table, but no hold, which keeps something, and none of a request or an entry."""
    lookup = service.desks.subjects.lookup(Identifier(**customer(f"full {planted.marker}"))).hash
    home = await service.database.fetchval("SELECT subject_id FROM lookups WHERE lookup = $1", lookup)
    await Filling(service, datamap).fill(home, lookup, planted.marker)
    for table, owner in (("holds", "subject_id"), ("letters", "request_id"), ("farewells", "entry_id")):
        query = f"DELETE FROM {table} WHERE {owner} = $1"  # noqa: S608 - names of this test
        await service.database.run("test.leave", lambda c, query=query: c.execute(query, home))


async def ended(service: Running, crm: Receiver, request_id: str) -> dict[str, Any]:
    """Tell the recipient of an erasure, let it answer, and finish; returns what the certificate says."""
    await delivery(service).run()
    for got in crm.received:
        if got.data.get("request_id") == request_id:
            succeeded(await acknowledge(service, "crm", got))
    await service.desks.erasures.go_on_all()
    return await claims(service, succeeded(await fetch(service, request_id, "certificate"))["certificate"])


def hashed(service: Running, named: Sequence[Mapping[str, str]]) -> list[bytes]:
    """What identifiers are found by under the versions of the key that are held, without the number of the version."""
    subjects, versions = service.desks.subjects, load_key_file(service.desks.settings).lookups
    lookups = [subjects.lookup(Identifier(**one)) for one in named]
    return [
        subjects.hash_under(version, one.kind, one.normalised.encode())[2:] for version in versions for one in lookups
    ]


async def in_tables(connection: asyncpg.Connection, traces: Planted) -> set[str]:
    """In which columns of which tables something is."""
    found: set[str] = set()
    for (table,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        for (row,) in await connection.fetch(f'SELECT to_jsonb(t)::text FROM "{table}" AS t'):  # noqa: S608 - from the catalogue
            for column, value in json.loads(row).items():
                found.update(f"{table}.{column}" for _ in traces.found_in("", json.dumps(value).encode()))
    return found


async def in_files(connection: asyncpg.Connection, traces: Planted) -> list[str]:
    """The files of tables, of what is stored beside them and of indexes, once they were rewritten without the dead."""
    for statement in ("VACUUM (FULL, ANALYZE)", "CHECKPOINT"):
        await connection.execute(statement)
    data = Path(await connection.fetchval("SHOW data_directory"))
    return list(search(traces, [data / row["path"] for row in await connection.fetch(FILES)]))


def said(datamap: DataMap, marker: str) -> list[str]:
    """What was planted in every column of which an erasure leaves nothing."""
    places = [
        f"{table.name}.{column.name}"
        for table, _ in datamap.of_subjects()
        for column in (table.columns if table.erased else table.emptied)
        if column.erase != "keep"
    ]
    return [f"{marker} in {place}" for place in places]


@pytest.mark.rule("R12")
async def test_of_the_erased_nothing_is_found_anywhere(
    service: Running, connection: asyncpg.Connection, crm: Receiver, policies_dir: Path, tmp_path: Path
) -> None:
    """Neither lookups nor ids nor pseudonyms nor anything said, but in suppressions and sealed proofs."""
    planted, log, found = Planted(), tmp_path / "log", await datamap.read(service.database)
    async with process_beside(service, policies_dir, log, works=False) as process:
        named, known = await lived(service, process, planted)
        await filled(service, planted, found)
        ids = [row["subject_id"] for row in await connection.fetch("SELECT subject_id FROM subjects")]
        await process.give(BOB, "analytics")
        recipients = service.desks.policy.current.recipients
        names = [name for one in recipients for name in (await service.desks.keys.pseudonyms(one, ids)).values()]
        leading, telling = Traces([*known, *names]), Traces(texts=said(found, planted.marker))
        for traces in (leading, telling):
            assert await in_tables(connection, traces)
            assert await in_files(connection, traces)

        request_id = (await file(process, "erasure", *named))["request_id"]
        assert (await approve_all(process, request_id))["state"] == "running"
        told = await ended(service, crm, request_id)
        export = await package(process, BOB)
    assert (told["subjects"] > 3, told["suppressed"] > 3, told["scan"]["found"]) == (True, True, 0)
    for traces in (leading, telling):
        assert await in_tables(connection, traces) == set()
        assert await in_files(connection, traces) == []
    assert await in_tables(connection, Traces(one.bytes for one in ids)) <= TOMBSTONE
    assert {row["kind"] for row in await connection.fetch(NAMED, ids)} <= {"erasure"}
    written = [
        path for path in service.data_dir.rglob("*") if not BY_PURPOSE & set(path.relative_to(service.data_dir).parts)
    ]
    everything = Traces([*known, *names, *(one.bytes for one in ids)], said(found, planted.marker))
    assert list(search(everything, [log, *written])) == []
    assert [place for name in export.namelist() for place in everything.found_in(name, export.read(name))] == []
