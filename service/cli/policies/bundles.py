"""A bundle by its name on the command line: a folder, or the digest of one that was ever active."""

import re
from pathlib import Path

import click

from service.cli.ending import NO, USAGE, Stop, settings_of, show_mistakes
from service.kernel.database import Database
from service.policy import store
from service.policy.load import load, thawed
from service.policy.model import Bundle, BundleRefused

DIGEST = re.compile(r"sha256:[0-9a-f]{8,64}")


def loaded(folder: Path | None) -> Bundle:
    """The bundle of a folder; ends the command with every mistake and status 1."""
    try:
        return load(folder or settings_of().policies_dir)
    except BundleRefused as refused:
        show_mistakes(refused)
        raise Stop(f"The bundle has {counted(len(refused.faults), 'mistake')}.", NO) from refused


def named(name: str) -> Bundle | None:
    """The bundle of a folder; None where the name is a digest. Ends the command with status 2 for no bundle."""
    if DIGEST.fullmatch(name):
        return None
    try:
        return load(Path(name))
    except BundleRefused as refused:
        show_mistakes(refused)
        raise Stop(f"{name} is no bundle: {counted(len(refused.faults), 'mistake')}.", USAGE) from refused


async def archived(database: Database, digest: str) -> Bundle:
    """The bundle with a digest, of which the beginning is enough; ends the command with status 2 for none."""
    known = {activation.digest for activation in await store.activations(database)}
    match [one for one in sorted(known) if one.startswith(digest)]:
        case [one]:
            return thawed(await store.content(database, one))
        case []:
            raise Stop(f"No bundle {digest} was ever active here; name one that was, or a folder.", USAGE)
        case several:
            raise Stop(f"{counted(len(several), 'bundle')} begin with {digest}; name more of the digest.", USAGE)


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


FOLDER = click.argument("folder", type=click.Path(path_type=Path), required=False)
