"""`placet policies`: check and show a bundle, and what another would change."""

from pathlib import Path

import click
import msgspec

from service.cli.policies.bundles import FOLDER, counted, loaded
from service.cli.policies.diff import diff


@click.group()
def policies() -> None:
    """The bundle: everything that the folder of policies says."""


@policies.command()
@FOLDER
def check(folder: Path | None) -> None:
    """Whether a bundle can be activated; every mistake at once, with file, place and remedy."""
    bundle = loaded(folder)
    counts = {
        "purpose": bundle.purposes,
        "site": bundle.sites,
        "journey": bundle.journeys,
        "placement": bundle.placements,
        "offer": bundle.offers,
    }
    held = ", ".join(counted(len(of_kind), kind) for kind, of_kind in counts.items())
    click.echo(f"This bundle can be activated: {held}.\n{bundle.digest}")


@policies.command()
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(folder: Path | None, as_json: bool) -> None:
    """What a bundle says: purposes with their basis, offers with the purposes they need and fields they read."""
    bundle = loaded(folder)
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


policies.add_command(diff)
