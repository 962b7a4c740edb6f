"""`placet keys`: epochs end, people get keys of their own, recipients get new names, while the service runs."""

import asyncio
import json
import os
import shutil
import sys
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from service.kernel.crypto import KeyUnusable, Sealer
from service.subjects.keyfile import read_key_file
from service.subjects.keyring import load_key_file
from service.subjects.keys.model import OWN_PREFIX
from tests.filing import claims, data, erase, package
from tests.integration.cli.playing import ROOT, until
from tests.running import Running, customer, succeeded

ADA, BOB, EVE = customer("ada"), customer("bob"), customer("eve")
SCREEN = {"screen": "planted"}


async def begun(service: Running, *arguments: str, **settings: str) -> asyncio.subprocess.Process:
    """Start `placet keys …` on the databases of a service."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    environment = own | service.settings()
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", "keys", *arguments),
        cwd=ROOT,
        env=environment | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def keys(service: Running, *arguments: str, **settings: str) -> tuple[int | None, str, str]:
    """Run `placet keys …` to its end: status, output, complaints."""
    process = await begun(service, *arguments, **settings)
    said, complained = await process.communicate()
    assert b"Traceback" not in complained
    return process.returncode, said.decode(), complained.decode()


async def status(service: Running) -> dict[str, Any]:
    """What `placet keys status --json` says of the keyring."""
    return json.loads((await keys(service, "status", "--json"))[1])["keyring"]


def held(service: Running, use: str) -> list[int]:
    """The versions of a key in the key file."""
    return [key.version for key in read_key_file(service.desks.settings) if key.use == use]


async def test_an_epoch_ends_while_the_service_runs(service: Running, keyring: asyncpg.Connection) -> None:
    """Survivors are wrapped anew and open as before, the old key is gone, and what it wrapped of the erased is dead."""
    for person in (ADA, BOB):
        await service.give(person, "analytics", evidence=SCREEN)
    backup = {row["subject_id"]: row["data_key"] for row in await keyring.fetch("SELECT * FROM subject_keys")}
    await erase(service, BOB)
    ended, said, _ = await keys(service, "rotate", "epoch")
    assert (ended, "its key is destroyed" in said) == (0, True)
    assert held(service, "epoch") == [2]
    assert [row["epoch"] for row in await keyring.fetch("SELECT epoch FROM subject_keys")] == [2]
    renewed = load_key_file(service.desks.settings)
    for wrapped in backup.values():
        for epoch in (1, 2):
            try:
                renewed.epochs.unwrap(epoch, wrapped)
            except KeyUnusable:
                continue
            raise AssertionError("a key of the old epoch still unwraps")
    assert data(await package(service, ADA))["subjects"][0]["tables"]["ledger_entries"][0]["evidence"] == SCREEN
    await service.give(EVE, "analytics", evidence=SCREEN)
    assert await keyring.fetchval("SELECT count(*) FROM subject_keys WHERE epoch = 2") == 2


async def test_people_come_while_an_epoch_ends(service: Running, keyring: asyncpg.Connection) -> None:
    """Nobody who is recorded during the rotation is lost, nor left under the key that is destroyed."""
    for number in range(30):
        await service.give(customer(f"before {number}"), "analytics")
    rotating = asyncio.create_task(keys(service, "rotate", "epoch"))
    number = 0
    while not rotating.done() or number < 30:
        await service.give(customer(f"during {number}"), "analytics", evidence=SCREEN)
        number += 1
    assert (await rotating)[0] == 0
    assert await keyring.fetchval("SELECT count(*) FROM subject_keys WHERE epoch <> 2") == 0
    assert await service.count("subjects") == 30 + number
    package_of = data(await package(service, customer("during 0")))
    assert package_of["subjects"][0]["tables"]["lookups"][0]["sealed"] == "during 0"


async def test_a_rotation_that_is_killed_goes_on(service: Running, keyring: asyncpg.Connection) -> None:
    """Killed while it wraps keys anew, the rotation is finished by the next one, which begins no further epoch."""
    for person in (ADA, BOB):
        await service.give(person, "analytics", evidence=SCREEN)
    async with keyring.transaction():
        await keyring.execute("SELECT FROM subject_keys FOR UPDATE")
        process = await begun(service, "rotate", "epoch")

        async def closed() -> bool:
            return bool(await service.keyring.fetchval("SELECT count(*) FROM epochs WHERE closed_at IS NOT NULL"))

        await until(closed)
        process.kill()
        await process.communicate()
    assert held(service, "epoch") == [1, 2]
    await service.give(EVE, "analytics", evidence=SCREEN)
    assert data(await package(service, ADA))["subjects"][0]["tables"]["ledger_entries"][0]["evidence"] == SCREEN
    assert (await keys(service, "rotate", "epoch"))[0] == 0
    assert held(service, "epoch") == [2]
    assert await keyring.fetchval("SELECT count(*) FROM subject_keys WHERE epoch = 2") == 3
    assert await keyring.fetchval("SELECT count(*) FROM epochs WHERE ended_at IS NULL") == 1


async def test_an_older_copy_of_the_key_file_is_refused(service: Running) -> None:
    """The copy that still holds a destroyed key, and not the new one, is not used again by mistake."""
    await service.give(ADA, "analytics")
    copy = service.data_dir / "copy.json"
    shutil.copy(service.desks.settings.key_file, copy)
    assert (await keys(service, "rotate", "epoch"))[0] == 0
    copy.replace(service.desks.settings.key_file)
    ended, _, complained = await keys(service, "rotate", "epoch")
    assert (ended, "lacks keys that this database was used with (epoch 2)" in complained) == (1, True)


async def test_status_says_when_what_was_shredded_is_dead(service: Running, keyring: asyncpg.Connection) -> None:
    """Before the epoch ends: its latest end; afterwards: when the backups are gone; overdue: nobody can say."""
    for person in (ADA, BOB, EVE):
        await service.give(person, "analytics")
    certificate = await claims(service, await erase(service, ADA))
    before = await status(service)
    (waiting,) = before["shredded"]
    erased_at = datetime.fromisoformat(certificate["erased_at"])
    assert datetime.fromisoformat(certificate["backups_clear_at"]) == erased_at + timedelta(days=30)
    assert waiting == {"people": 1, "backups_clear_at": waiting["backups_clear_at"]}
    assert waiting["backups_clear_at"] >= before["epoch_ends"]
    assert (await keys(service, "rotate", "epoch"))[0] == 0
    await erase(service, BOB)
    after = await status(service)
    assert [dead["people"] for dead in after["shredded"]] == [1, 1]
    assert [epoch["ended_at"] is None for epoch in after["epochs"]] == [True, False]
    await keyring.execute("UPDATE epochs SET began_at = began_at - interval '31 days'")
    assert (await claims(service, await erase(service, EVE)))["backups_clear_at"] is None
    ended, said, _ = await keys(service, "status")
    assert (ended, "overdue" in said, "nobody can say when" in said) == (1, True, True)


async def test_recipients_get_new_names_without_a_restart(service: Running) -> None:
    """`rotate recipient` asks before it ends every pseudonym; a service that runs gives the new ones at once."""
    await service.give(ADA, "analytics")

    async def named() -> str:
        answer = await service.post("/v1/pseudonyms", {"recipient": "crm", "subjects": [ADA]})
        return succeeded(answer)["pseudonyms"][0]

    before = await named()
    ended, _, complained = await keys(service, "rotate", "recipient")
    assert (ended, "--yes" in complained) == (2, True)
    assert await named() == before
    assert (await keys(service, "rotate", "recipient", "--yes"))[0] == 0
    after = await named()
    assert after != before
    assert await named() == after
    assert held(service, "recipient") == [2]


async def test_people_from_before_get_keys_of_their_own(
    service: Running, connection: asyncpg.Connection, keyring: asyncpg.Connection
) -> None:
    """What was sealed under the deployment's key is sealed under the person's, and opens as before."""
    for person in (ADA, BOB):
        await service.give(person, "analytics", evidence=SCREEN)
    await as_before(service, connection, keyring)
    ended, _, complained = await keys(service, "rotate", "epoch")
    assert (ended, "run `placet keys provide` once" in complained) == (1, True)
    ended, said, _ = await keys(service, "provide")
    assert (ended, said) == (0, "People who were given keys of their own: 2.\n")
    assert await keyring.fetchval("SELECT count(*) FROM subject_keys") == 2
    for table, column in (("lookups", "sealed"), ("ledger_entries", "evidence")):
        under_others = f"SELECT count(*) FROM {table} WHERE {column} < $1"  # noqa: S608 - names of this test
        assert await connection.fetchval(under_others, OWN_PREFIX) == 0
    assert data(await package(service, ADA))["subjects"][0]["tables"]["ledger_entries"][0]["evidence"] == SCREEN
    assert (await keys(service, "provide"))[1] == "People who were given keys of their own: 0.\n"


async def as_before(service: Running, connection: asyncpg.Connection, keyring: asyncpg.Connection) -> None:
    """Seal everything under the deployment's key and forget everybody's own, as a version before would have it."""
    deployment: Sealer = load_key_file(service.desks.settings).seal
    people = [row["subject_id"] for row in await keyring.fetch("SELECT subject_id FROM subject_keys")]
    seals = await service.desks.keys.seals(people)
    for table, column in (("lookups", "sealed"), ("ledger_entries", "evidence")):
        rows = f"SELECT ctid, subject_id, {column} AS value FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - names of this test
        for row in await connection.fetch(rows):
            plain = seals.open(table, column, row["subject_id"], row["value"])
            old = deployment.seal(plain, table.encode(), column.encode(), row["subject_id"].bytes)
            await connection.execute(f"UPDATE {table} SET {column} = $1 WHERE ctid = $2", old, row["ctid"])  # noqa: S608 - the same
    await keyring.execute("DELETE FROM subject_keys")
