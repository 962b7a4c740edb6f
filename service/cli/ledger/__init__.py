"""`placet ledger`: what was signed, what it proves, and whether the ledger is what it was."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import click
import msgspec

from service.cli.ending import NO, UNREACHABLE, USAGE, Stop, database_url, run, settings_of, told
from service.cli.ledger.log import sentences, verify_log
from service.cli.ledger.receipts import FILE, verify_receipt
from service.kernel.crypto import Signer
from service.kernel.database import Database
from service.kernel.migrate import pending
from service.kernel.problem import Problem, Unavailable
from service.ledger import note, store
from service.ledger.audit import Report
from service.ledger.commands import LedgerDesk
from service.ledger.model import Checkpoint, CheckpointRefused
from service.ledger.publication import Publication
from service.ledger.sequencing import known
from service.settings import Settings
from service.subjects.keyring import load_key_file

JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def ledger() -> None:
    """The tree over the ledger, its checkpoints, proofs and receipts: docs/checking-the-ledger.md, docs/receipts.md."""


@ledger.command()
@JSON
def checkpoint(as_json: bool) -> None:
    """Print the checkpoint that the database has last, and say whether the tree extends the published file."""
    settings = settings_of()
    last, reason = run(_checkpoint(settings))
    if last is None:
        raise Stop(reason or "No checkpoint has been signed yet; the worker does that after the first entry.", NO)
    if as_json:
        key = note.verifier(last.note.partition("\n")[0], _signer(settings).public)
        shown = {"tree_size": last.size, "root": note.to_base64(last.root), "checkpoint": last.note, "key": key}
        click.echo(msgspec.json.encode(shown | {"file": str(settings.published), "agrees": not reason}))
    else:
        click.echo(last.note, nl=False)
    if reason:
        raise Stop(reason, NO)
    click.echo(f"The tree extends what {settings.published} says.", err=True)


async def _checkpoint(settings: Settings) -> tuple[Checkpoint | None, str | None]:
    """The database's last checkpoint, and why nothing may be signed after it."""
    publication = Publication(settings.published)
    async with _database(settings) as database:
        last = await store.last(database)
        try:
            await database.at_one_moment(lambda connection: known(connection, publication))
        except CheckpointRefused as refused:
            return last, str(refused)
        return last, None


@ledger.command()
@click.argument("entry_id", type=click.UUID)
def prove(entry_id: UUID) -> None:
    """Print the proof that an entry is in the tree of the last checkpoint, as JSON."""
    try:
        click.echo(run(_prove(settings_of(), entry_id)))
    except Unavailable:
        raise
    except Problem as problem:
        raise Stop(f"{problem.title}. {problem.detail}", NO) from problem


async def _prove(settings: Settings, entry_id: UUID) -> bytes:
    async with _database(settings) as database:
        return msgspec.json.format(msgspec.json.encode(await LedgerDesk(database).inclusion(entry_id)))


@ledger.command()
@click.argument("receipt", required=False, type=FILE)
@click.option("--keys", type=FILE, help="For a receipt: the issuer's GET /.well-known/jwks.json, saved.")
@click.option(
    "--proof", "proofs", multiple=True, type=FILE, help="For a receipt: GET /v1/ledger/proof/ENTRY_ID, saved."
)
@JSON
def verify(receipt: Path | None, keys: Path | None, proofs: tuple[Path, ...], as_json: bool) -> None:
    """Whether the whole ledger is what its checkpoints and the published file say; with RECEIPT, whether that holds.

    A receipt, or the JSON answer that it came in, is checked offline. Without a proof, whether the log has it is not
    looked at; give one for each entry.
    """
    if receipt is not None and keys is not None:
        verify_receipt(receipt, keys, proofs, as_json=as_json)
        return
    if receipt or keys or proofs:
        raise Stop("A receipt is checked with --keys, and --keys and --proof are for a receipt.", USAGE)
    settings = settings_of()
    report = run(_verify(settings, _signer(settings).publics))
    if as_json:
        click.echo(msgspec.json.encode(report))
    elif report.sound:
        click.echo("\n".join(sentences(report)))
    if not report.sound:
        raise Stop(" ".join(sentences(report)), NO)


async def _verify(settings: Settings, publics: list[bytes]) -> Report:
    async with _database(settings) as database:
        return await verify_log(database, Publication(settings.published), publics)


def _signer(settings: Settings) -> Signer:
    """The key that checkpoints are signed with."""
    with told():
        return load_key_file(settings).signing


@asynccontextmanager
async def _database(settings: Settings) -> AsyncGenerator[Database]:
    """The deployment's database, of this version."""
    url = database_url(settings)
    if missing := await pending(url):
        raise Stop(f"the database lacks {', '.join(missing)}; run `placet migrate` first", UNREACHABLE)
    database = Database(url, size=1)
    try:
        yield database
    finally:
        await database.close()
