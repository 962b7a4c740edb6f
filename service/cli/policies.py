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
    click.echo(
        f"{bundle.digest}: {len(bundle.purposes)} purposes, {len(bundle.sites)} sites, {len(bundle.journeys)} journeys, "
        f"{len(bundle.placements)} placements, {len(bundle.offers)} offers"
    )


@policies.command()
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(folder: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes options by name
    """What a bundle says: purposes with their basis, and offers with the purposes that their rules need."""
    bundle = _loaded(folder)
    if as_json:
        summary = {
            "digest": bundle.digest,
            "purposes": {p.id: p.legal_basis for p in bundle.purposes.values()},
            "offers": {o.id: sorted(o.required) for o in bundle.offers.values()},
        }
        click.echo(msgspec.json.encode(summary).decode())
        return
    click.echo(bundle.digest)
    for purpose in bundle.purposes.values():
        click.echo(f"purpose {purpose.id}: {purpose.legal_basis.value}, keeps {', '.join(purpose.data) or 'nothing'}")
    for offer in bundle.offers.values():
        click.echo(f"offer {offer.id}: needs {', '.join(sorted(offer.required)) or 'no purpose'}")


def _loaded(folder: Path | None) -> Bundle:
    try:
        return load(folder or settings_of().policies_dir)
    except BundleRefused as refused:
        show_mistakes(refused)
        raise Stop(f"The bundle has {len(refused.faults)} mistakes.", NO) from refused
