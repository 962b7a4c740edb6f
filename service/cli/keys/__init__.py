"""`placet keys`: the key file of a deployment, and the root key that wraps what is in it."""

from collections.abc import Iterator

import click
import msgspec

from service.cli.ending import NO, run, settings_of, told
from service.cli.keys.epochs import epoch, provide, recipient
from service.cli.keys.rotate import rotate
from service.cli.keys.shredded import UNSAID, epochs
from service.subjects.keyfile import USES, Key, Use, create_key_file, read_key_file, upgrade_key_file
from service.subjects.keyring import load_key_file


@click.group()
def keys() -> None:
    """The keys of this deployment. Losing the key file or the root key loses everything: docs/operating-keys.md."""


@keys.command()
def init() -> None:
    """Write new keys to the key file, and a root key where there is none; refuses when there is a key file."""
    settings = settings_of()
    with told():
        create_key_file(settings)
    click.echo(f"Wrote {settings.key_file}. Keep a copy apart from every backup of the database,")
    click.echo(f"and a copy of the root key ({settings.root_file or 'PLACET_ROOT_KEY'}) apart from both.")


@keys.command()
def upgrade() -> None:
    """Wrap the keys of a key file of version 0.1 under the root key; no key changes. Do it once, then copy anew."""
    settings = settings_of()
    with told():
        upgraded = upgrade_key_file(settings)
    click.echo(f"Wrapped the keys in {settings.key_file}." if upgraded else "Nothing to do.")


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Whether the key file can be used, and what is in it; shows no key."""
    settings = settings_of()
    with told():
        found = read_key_file(settings)
        signed_with = load_key_file(settings).signing.key_id
    known = run(epochs(settings))
    if as_json:
        shown = [{"use": k.use, "version": k.version, "state": k.state, "created_at": k.created_at} for k in found]
        told_of = {"keys": shown, "signed_with": signed_with, "unfinished": _unfinished(found), "keyring": known}
        click.echo(msgspec.json.encode(told_of))
    else:
        click.echo(f"{settings.key_file}: can be used; documents are signed with {signed_with}")
        click.echo("\n".join([*_lines(found), *(known.lines() if known else [UNSAID])]))
        for use in _unfinished(found):
            click.echo(f"The rotation of {use} is not finished; run `placet keys rotate {use}`.")
    if known and known.epoch_ends is None:
        raise SystemExit(NO)


def _unfinished(found: list[Key]) -> list[Use]:
    """The uses that have a key which is to come, or to go."""
    return [use for use in USES if any(k.use == use and k.state != "current" and not k.public for k in found)]


def _lines(found: list[Key]) -> Iterator[str]:
    for key in sorted(found, key=lambda key: (USES.index(key.use), key.version)):
        yield f"  {key.use:<10} {key.version:>3}  {key.state:<8} since {key.created_at:%Y-%m-%d}"


rotate.add_command(epoch)
rotate.add_command(recipient)
keys.add_command(provide)
keys.add_command(rotate)
