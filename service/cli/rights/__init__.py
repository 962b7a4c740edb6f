"""`placet rights`: requests of people about their data, and whom a breach touches."""

import click

from service.cli.rights.breach import affected
from service.cli.rights.replay import replay
from service.cli.rights.requests import list_requests


@click.group()
def rights() -> None:
    """Rights of people: what they asked for, and what they are told. Nothing here names anybody."""


rights.add_command(affected)
rights.add_command(list_requests)
rights.add_command(replay)
