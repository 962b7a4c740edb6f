"""`placet keys`: the key file of a deployment."""

import click

from service.cli.ending import NO, Stop, settings_of
from service.subjects.keyring import USES, KeyFileRefused, create_key_file, load_key_file


@click.group()
def keys() -> None:
    """The keys of this deployment. Losing the key file loses everything: docs/operating-keys.md."""


@keys.command()
def init() -> None:
    """Write new keys to the key file; refuses when there is one."""
    path = settings_of().key_file
    try:
        create_key_file(path)
    except KeyFileRefused as error:
        raise Stop(str(error), NO) from error
    click.echo(f"Wrote {path}. Keep a copy apart from every backup of the database.")


@keys.command()
def status() -> None:
    """Whether the key file can be used; shows no key."""
    path = settings_of().key_file
    try:
        ring = load_key_file(path)
    except KeyFileRefused as error:
        raise Stop(str(error), NO) from error
    click.echo(f"{path}: keys for {', '.join(USES)}; documents are signed with {ring.signing.key_id}")
