"""`placet ledger`: whether what was signed still holds, checked without asking the service."""

import click

from service.cli.ledger.receipts import verify


@click.group()
def ledger() -> None:
    """The proof of what people said: docs/receipts.md."""


ledger.add_command(verify)
