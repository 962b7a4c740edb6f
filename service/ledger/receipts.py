"""What a person keeps: a signed copy of their entries, in the words of ISO/IEC TS 27560 (docs/receipts.md)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from service.kernel.crypto import SignatureRefused, Verifier, from_text, to_text
from service.ledger import note, rules, tree
from service.ledger.model import Entry, Inclusion
from service.ledger.note import NoteMalformed, from_base64

ISSUED = "placet-receipt+jwt"
SCHEMA = "placet-receipt-2"
"""Names the form of the claims (`schema_version`); the first one had no name."""
CONSENT = "consent"
STATE_BY_KIND = {"objection": "objected"}
"""What an entry that is not about consent says of itself; the standard has no word for it."""


class Terms(Struct, frozen=True):
    """What a bundle adds to a receipt: who decides, and what each purpose rests on; both as JSON, encoded once."""

    controllers: Raw
    purposes: Mapping[str, Raw]


def claims(issuer: str, terms: Terms, entries: Sequence[Entry]) -> dict[str, Any]:
    """The claims of a receipt: each entry whole, with its salt, so that its subject can prove it without us."""
    first = entries[0]
    return {
        "iss": issuer,
        "iat": int(first.recorded_at.timestamp()),
        "sub": str(first.subject_id),
        "schema_version": SCHEMA,
        "receipt_id": str(first.entry_id),
        "pii_controllers": terms.controllers,
        "records": [_record(entry, terms) for entry in entries],
    }


def _record(entry: Entry, terms: Terms) -> dict[str, Any]:
    payload = entry.payload
    purpose = payload["purpose"]
    return {
        **named(payload),
        "purposes": [terms.purposes.get(purpose) or {"purpose": purpose}],
        "payload": payload,
        "salt": to_text(entry.salt),
        "commitment": to_text(entry.commitment),
    }


def named(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What the standard's names say of a payload; it can be read from the payload again, and is never another truth."""
    notice = payload.get("notice")
    kind = payload["kind"]
    return {
        "record_id": payload["entry_id"],
        "pii_principal_id": payload["subject_id"],
        "privacy_notice": f"{notice['id']}/{notice['version']}" if notice else None,
        "language": notice.get("language") if notice else None,
        "event": [
            {
                "event_time": payload["effective_at"],
                "event_type": kind,
                "event_state": payload["status"] if kind == CONSENT else STATE_BY_KIND[kind],
                "entity_id": payload["subject_id"],
                "valid_until": payload.get("valid_until"),
            }
        ],
    }


class ReceiptRefused(Exception):
    """A receipt does not prove what it says; the message says why."""


class Kept(Struct, frozen=True):
    """One record of a receipt that holds: what it is about, and the commitment that the ledger has of it."""

    entry_id: str
    payload: Mapping[str, Any]
    commitment: bytes


class Receipt(Struct, frozen=True):
    """A receipt that holds: who issued it, and its records."""

    issuer: str
    records: Sequence[Kept]


class _Claims(Struct, frozen=True):
    iss: str
    records: list[dict[str, Any]]
    schema_version: str | None = None


def checked(document: str, verifier: Verifier) -> Receipt:
    """What a receipt proves by itself, without its issuer; raises `ReceiptRefused` with what is wrong.

    It stays provable when the person has been erased: it carries payload and salt, which the ledger no longer has.
    """
    # 1. The issuer signed it
    try:
        claims = msgspec.json.decode(verifier.open(document, ISSUED), type=_Claims)
    except SignatureRefused as error:
        raise ReceiptRefused(f"this is not a receipt that can be trusted: {error}") from error
    # 2. Its form is known; the first one had no name
    if claims.schema_version not in (None, SCHEMA):
        raise ReceiptRefused("it has a form that this version does not know; check it with a newer one")
    return Receipt(claims.iss, [_kept(record, claims.schema_version) for record in claims.records])


def _kept(record: Mapping[str, Any], schema: str | None) -> Kept:
    payload, commitment = record["payload"], from_text(record["commitment"])
    entry_id = payload["entry_id"]
    # 3. What the ledger committed to is this payload
    if rules.commitment(from_text(record["salt"]), payload) != commitment:
        raise ReceiptRefused(f"the commitment of entry {entry_id} is not that of its payload and salt")
    # 4. What stands beside the payload says nothing else
    if schema and any(record.get(name) != value for name, value in named(payload).items()):
        raise ReceiptRefused(f"what stands beside the payload of entry {entry_id} says something else than the payload")
    return Kept(entry_id, payload, commitment)


def included(receipt: Receipt, proof: Inclusion, verifier: Verifier) -> None:
    """Check that the issuer's log has an entry of a receipt; raises `ReceiptRefused` with what is wrong."""
    # 1. The proof is one of this receipt's entries
    commitment = next((kept.commitment for kept in receipt.records if kept.entry_id == str(proof.entry_id)), None)
    if commitment is None:
        raise ReceiptRefused("the proof is that of another entry, which this receipt does not have")
    try:
        checkpoint, hashes = note.read(proof.checkpoint), [from_base64(value) for value in proof.hashes]
        signed = any(note.is_signed_by(proof.checkpoint, key) for key in verifier.keys)
        told = (proof.tree_size, from_base64(proof.leaf_hash))
    except NoteMalformed:
        raise ReceiptRefused(
            "the proof was cut off or changed: it has no checkpoint, or hashes that are none"
        ) from None
    # 2. Its checkpoint is signed by the issuer of the receipt
    if not signed:
        raise ReceiptRefused("the checkpoint of the proof is not signed with any of these keys, or was changed")
    if note.log_of(proof.checkpoint) != note.name_of(receipt.issuer):
        raise ReceiptRefused("the checkpoint of the proof is that of another log than the receipt's issuer keeps")
    # 3. The path leads from what the receipt commits to, to the root that was signed
    size, leaf = checkpoint.size, tree.leaf_hash(commitment)
    if told != (size, leaf) or not tree.includes(checkpoint.root, size, proof.leaf_index, leaf, hashes):
        raise ReceiptRefused("the proof does not lead from this entry to the tree of its checkpoint: one is another's")
