"""`placet migrate`, `placet openapi`, `placet schema`: what an operator and a build need."""

from pathlib import Path

import click

from service.app import described
from service.cli.ending import NO, Stop, database_url, run, settings_of
from service.kernel.migrate import migrate as apply_migrations
from service.kernel.migrate import snapshot
from service.kernel.openapi import render

OPENAPI = Path("openapi/openapi.json")
SCHEMA = Path("migrations/schema.sql")


@click.command()
def migrate() -> None:
    """Bring the database to the schema of this version; safe to run again, and from several places at once."""
    applied = run(apply_migrations(database_url(settings_of())))
    click.echo("\n".join(applied) if applied else "nothing to do")


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the committed document is that of the code.")
def openapi(check: bool) -> None:
    """Write openapi/openapi.json from the code."""
    _written(OPENAPI, render(described()), check=check)


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the committed snapshot is that of the migrations.")
def schema(check: bool) -> None:
    """Write migrations/schema.sql from a migrated database."""
    _written(SCHEMA, run(snapshot(database_url(settings_of()))), check=check)


def _written(path: Path, text: str, *, check: bool) -> None:
    if check:
        if not path.exists() or path.read_text() != text:
            raise Stop(f"{path} is not what the code says; write it anew and look at the difference", NO)
        click.echo(f"{path} agrees with the code")
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    click.echo(f"wrote {path}")
