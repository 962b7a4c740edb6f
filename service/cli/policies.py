"""`placet policies`: check and show a bundle."""

from pathlib import Path

import click
import msgspec

from service.cli.ending import NO, Stop, settings_of, show_mistakes
from service.policy.load import load
from service.policy.model import Bundle, BundleRefused

FOLDER = click.argument("folder", type=click.Path(path_type=Path), required=False)


@click.group()
def policies() -> None:
    """The bundle: everything that the folder of policies says."""


@policies.command()
@FOLDER
def check(folder: Path | None) -> None:
    """Whether a bundle can be activated; every mistake at once, with file, place and remedy."""
    bundle = _loaded(folder)
    counts = {
        "purpose": bundle.purposes,
        "site": bundle.sites,
        "journey": bundle.journeys,
        "placement": bundle.placements,
        "offer": bundle.offers,
    }
    held = ", ".join(_counted(len(of_kind), kind) for kind, of_kind in counts.items())
    click.echo(f"This bundle can be activated: {held}.\n{bundle.digest}")


@policies.command()
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(folder: Path | None, as_json: bool) -> None:
    """What a bundle says: purposes with their basis, offers with the purposes they need and fields they read."""
    bundle = _loaded(folder)
    if as_json:
        summary = {
            "digest": bundle.digest,
            "purposes": {p.id: p.legal_basis for p in bundle.purposes.values()},
            "offers": {
                o.id: {"purposes": sorted(o.purposes), "reads": sorted(o.reads)} for o in bundle.offers.values()
            },
        }
        click.echo(msgspec.json.encode(summary).decode())
        return
    click.echo(bundle.digest)
    for purpose in bundle.purposes.values():
        click.echo(f"purpose {purpose.id}: {purpose.legal_basis.value}, keeps {', '.join(purpose.data) or 'nothing'}")
    for offer in bundle.offers.values():
        needs = ", ".join(sorted(offer.purposes)) or "no purpose"
        reads = ", ".join(sorted(offer.reads)) or "nothing"
        click.echo(f"offer {offer.id}: needs {needs}, reads {reads}")


def _loaded(folder: Path | None) -> Bundle:
    try:
        return load(folder or settings_of().policies_dir)
    except BundleRefused as refused:
        show_mistakes(refused)
        raise Stop(f"The bundle has {_counted(len(refused.faults), 'mistake')}.", NO) from refused


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
