"""`placet api-keys` and `placet officers`: who may call."""

import json
from collections.abc import Collection
from typing import Any, Literal, cast

import click

from service.cli.ending import NO, USAGE, Stop, database_url, run, settings_of
from service.kernel import auth
from service.kernel.database import Connection, Database
from service.policy.commands import Archive
from service.policy.load import load

FOLLOWS = "consent:changes"


@click.group(name="api-keys")
def api_keys() -> None:
    """Secret keys of servers and publishable keys of browsers."""


@api_keys.command(name="create")
@click.option("--label", required=True, help="What the key is for, to recognise it by.")
@click.option("--scope", "scopes", multiple=True, help="What a secret key may do; give it once for each scope.")
@click.option("--site", help="Makes a publishable key for the browsers of this site.")
@click.option("--recipient", help=f"Makes a secret key of this recipient, which may {FOLLOWS}.")
def create_key(label: str, scopes: tuple[str, ...], site: str | None, recipient: str | None) -> None:
    """Make a key. It is shown once."""
    scopes = tuple({*scopes, *([FOLLOWS] if recipient else [])})
    if FOLLOWS in scopes and recipient is None:
        raise Stop(f"the scope {FOLLOWS} needs --recipient: whoever has it is told by the pseudonyms of one", USAGE)
    if unknown := sorted(set(scopes) - auth.SERVER_SCOPES):
        raise Stop(f"unknown scope {', '.join(unknown)}; there are {', '.join(sorted(auth.SERVER_SCOPES))}", USAGE)
    if bool(scopes) == (site is not None):
        raise Stop("give either --scope (a secret key) or --site (a publishable key)", USAGE)

    if site is not None:
        run(_require_known("sites", site))
    if recipient is not None:
        run(_require_known("recipients", recipient))

    async def work(connection: Connection) -> str:
        if site is not None:
            return await auth.add_key(connection, "browser", auth.BROWSER_SCOPES, site, label)
        return await auth.add_key(connection, "server", scopes, None, label, recipient)

    click.echo(run(_in_database("api-keys.create", work)))


@api_keys.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_keys(as_json: bool) -> None:
    """Every key, without its secret."""
    _show(run(_rows(auth.QUERIES["list_keys"])), as_json=as_json)


@api_keys.command(name="revoke")
@click.argument("key_id")
def revoke_key(key_id: str) -> None:
    """Refuse a key from the very next request on."""

    async def work(connection: Connection) -> object:
        return await connection.fetchval(auth.QUERIES["revoke_key"], key_id)

    if run(_in_database("api-keys.revoke", work)) is None:
        raise Stop("there is no such key, or it is revoked already; `placet api-keys list` shows them", NO)
    click.echo("revoked")


@click.group()
def officers() -> None:
    """Privacy officers, who decide on requests of people."""


@officers.command(name="add")
@click.argument("login")
def add_officer(login: str) -> None:
    """Add an officer, or give one a new token. It is shown once."""

    async def work(connection: Connection) -> str:
        return await auth.add_officer(connection, login)

    click.echo(run(_in_database("officers.add", work)))


@officers.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_officers(as_json: bool) -> None:
    """Every officer, without their token."""
    _show(run(_rows(auth.QUERIES["list_officers"])), as_json=as_json)


async def _require_known(what: Literal["sites", "recipients"], name: str) -> None:
    """End the command for what the active bundle does not have; before the first start, that of the folder."""
    settings = settings_of()
    database = Database(database_url(settings), size=1)
    try:
        bundle = await Archive(database).latest() or load(settings.policies_dir)
    finally:
        await database.close()
    known: Collection[str] = bundle.sites if what == "sites" else bundle.recipients
    if name not in known:
        raise Stop(f"unknown {what[:-1]} {name}; the active bundle has {', '.join(sorted(known))} ({what}.toml)", USAGE)


async def _in_database(name: str, work: Any) -> Any:
    database = Database(database_url(settings_of()), size=1)
    try:
        return await database.run(name, work)
    finally:
        await database.close()


async def _rows(query: str) -> list[dict[str, Any]]:
    database = Database(database_url(settings_of()), size=1)
    try:
        return [dict(row) for row in await database.fetch(query)]
    finally:
        await database.close()


def _show(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, default=str))
        return
    for row in rows:
        click.echo("  ".join(f"{name}={_told(value)}" for name, value in row.items() if value))


def _told(value: object) -> str:
    return ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)
