"""`placet migrate`, `placet openapi`, `placet schema`: what an operator and a build need."""

from pathlib import Path

import click

from service.app import described
from service.cli.ending import NO, Stop, database_url, run, settings_of
from service.cli.keyring import keyring_url, migrate_keyring
from service.kernel.migrate import migrate as apply_migrations
from service.kernel.migrate import snapshot
from service.kernel.openapi import render
from service.settings import Settings

OPENAPI = Path("openapi/openapi.json")
SCHEMA = Path("migrations/schema.sql")
KEYRING_SCHEMA = Path("migrations/keyring/schema.sql")


@click.command()
def migrate() -> None:
    """Bring both databases to the schema of this version; safe to run again, and from several places at once."""
    settings = settings_of()
    applied = run(_migrate(settings, database_url(settings)))
    click.echo("\n".join(applied) if applied else "nothing to do")


async def _migrate(settings: Settings, url: str) -> list[str]:
    keyring = await keyring_url(settings, url)
    return [*await apply_migrations(url), *await migrate_keyring(keyring)]


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the committed document is that of the code.")
def openapi(check: bool) -> None:
    """Write openapi/openapi.json from the code."""
    _written(OPENAPI, render(described()), check=check)


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the committed snapshot is that of the migrations.")
def schema(check: bool) -> None:
    """Write migrations/schema.sql and migrations/keyring/schema.sql from migrated databases."""
    settings = settings_of()
    url = database_url(settings)
    _written(SCHEMA, run(snapshot(url)), check=check)
    _written(KEYRING_SCHEMA, run(_keyring_snapshot(settings, url)), check=check)


async def _keyring_snapshot(settings: Settings, url: str) -> str:
    return await snapshot(await keyring_url(settings, url))


def _written(path: Path, text: str, *, check: bool) -> None:
    if check:
        if not path.exists() or path.read_text() != text:
            raise Stop(f"{path} is not what the code says; write it anew and look at the difference", NO)
        click.echo(f"{path} agrees with the code")
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    click.echo(f"wrote {path}")
