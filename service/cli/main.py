"""The command `placet` and its subcommands."""

import click

from service import __version__
from service.cli.access import api_keys, officers
from service.cli.consents import consents
from service.cli.demo import demo
from service.cli.journeys import journeys
from service.cli.keys import keys
from service.cli.ledger import ledger
from service.cli.offers import offers
from service.cli.operate import migrate, openapi, schema
from service.cli.policies import policies
from service.cli.recipients import recipients
from service.cli.retention import retention
from service.cli.rights import rights
from service.cli.serve import serve, work


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="placet")
def main() -> None:
    """Consent and personalisation that people can trust.

    Settings come from the environment (docs/settings.md). Exit status: 0 good, 1 the answer is no, 2 usage,
    3 cannot reach something.
    """


for command in (
    serve,
    work,
    migrate,
    policies,
    consents,
    journeys,
    offers,
    keys,
    ledger,
    recipients,
    rights,
    retention,
    api_keys,
    officers,
    demo,
    openapi,
    schema,
):
    main.add_command(command)
