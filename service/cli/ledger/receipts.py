"""`placet ledger verify RECEIPT`: whether a receipt holds, with nothing but the issuer's public keys."""

from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Struct

from service.cli.ending import NO, USAGE, Stop
from service.kernel.crypto import Verifier
from service.ledger.receipts import Kept, Receipt, ReceiptRefused, checked

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class _Answer(Struct, frozen=True):
    """The answer of a call that recorded something; the rest of it is not looked at."""

    receipt: str


@click.command()
@click.argument("receipt", type=FILE)
@click.option("--keys", required=True, type=FILE, help="The issuer's public keys: GET /.well-known/jwks.json, saved.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify(receipt: Path, keys: Path, as_json: bool) -> None:
    """Check a receipt offline: its signature, and that it shows what the ledger committed to.

    RECEIPT is the receipt itself, or the JSON answer that it came in.
    """
    verifier = _verifier(keys)
    try:
        found = checked(_document(receipt), verifier)
    except ReceiptRefused as refused:
        if as_json:
            _print({"valid": False, "reason": str(refused)})
            raise SystemExit(NO) from refused
        raise Stop(f"{receipt}: {refused}", NO) from refused
    _tell(found, as_json=as_json)


def _verifier(path: Path) -> Verifier:
    try:
        return Verifier(path.read_bytes())
    except ValueError as error:
        raise Stop(
            f"{path} is no set of Ed25519 public keys; save /.well-known/jwks.json of the issuer", USAGE
        ) from error


def _document(path: Path) -> str:
    """The receipt in a file; raises `ReceiptRefused` for what is none, ends the command where it cannot be read."""
    content = path.read_bytes().strip()
    try:
        return msgspec.json.decode(content, type=_Answer).receipt if content.startswith(b"{") else content.decode()
    except ValueError as error:
        raise ReceiptRefused("this is neither a receipt nor an answer with one; it was cut off or changed") from error


def _tell(found: Receipt, *, as_json: bool) -> None:
    if as_json:
        _print({"valid": True, "issuer": found.issuer, "records": [_record(kept) for kept in found.records]})
        return
    click.echo(f"holds: signed by {found.issuer}, and every commitment is that of what it shows")
    for kept in found.records:
        told = _record(kept)
        click.echo(f"  {told['entry_id']}  {told['purpose']} {told['state']} at {told['effective_at']}")


def _record(kept: Kept) -> dict[str, Any]:
    payload = kept.payload
    return {
        "entry_id": kept.entry_id,
        "purpose": payload["purpose"],
        "state": payload.get("status", payload["kind"]),
        "effective_at": payload["effective_at"],
    }


def _print(told: dict[str, Any]) -> None:
    click.echo(msgspec.json.encode(told).decode())
