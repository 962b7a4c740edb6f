"""`placet ledger verify RECEIPT`: whether a receipt holds, with nothing but the issuer's public keys."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Struct

from service.cli.ending import NO, USAGE, Stop
from service.kernel.crypto import Verifier
from service.ledger.model import Inclusion
from service.ledger.receipts import Kept, Receipt, ReceiptRefused, checked, included

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class _Answer(Struct, frozen=True):
    """The answer of a call that recorded something; the rest of it is not looked at."""

    receipt: str


def verify_receipt(receipt: Path, keys: Path, proofs: Iterable[Path], *, as_json: bool) -> None:
    """Say whether a receipt holds; ends the command with status 1 where it does not."""
    verifier = _verifier(keys)
    told = {str(proof.entry_id): proof for proof in map(_proof, proofs)}
    try:
        found = checked(_document(receipt), verifier)
        for proof in told.values():
            included(found, proof, verifier)
    except ReceiptRefused as refused:
        if as_json:
            _print({"valid": False, "reason": str(refused)})
            raise SystemExit(NO) from refused
        raise Stop(f"{receipt}: {refused}", NO) from refused
    _tell(found, told, as_json=as_json)


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


def _proof(path: Path) -> Inclusion:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Inclusion)
    except ValueError as error:
        raise Stop(f"{path} is no proof; save GET /v1/ledger/proof/ENTRY_ID of the issuer", USAGE) from error


def _tell(found: Receipt, proofs: Mapping[str, Inclusion], *, as_json: bool) -> None:
    records = [_record(kept, proofs.get(kept.entry_id)) for kept in found.records]
    if as_json:
        _print({"valid": True, "issuer": found.issuer, "records": records})
        return
    click.echo(f"holds: signed by {found.issuer}, and every commitment is that of what it shows")
    for told in records:
        place = f", leaf {told['leaf_index']} of {told['tree_size']} in the log" if told["tree_size"] else ""
        click.echo(f"  {told['entry_id']}  {told['purpose']} {told['state']} at {told['effective_at']}{place}")


def _record(kept: Kept, proof: Inclusion | None) -> dict[str, Any]:
    payload = kept.payload
    return {
        "entry_id": kept.entry_id,
        "purpose": payload["purpose"],
        "state": payload.get("status", payload["kind"]),
        "effective_at": payload["effective_at"],
        "leaf_index": proof.leaf_index if proof else None,
        "tree_size": proof.tree_size if proof else None,
    }


def _print(told: dict[str, Any]) -> None:
    click.echo(msgspec.json.encode(told).decode())
