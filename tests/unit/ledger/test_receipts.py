"""A receipt is checked step by step: a signature alone does not make it say what the ledger committed to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import Raw

from service.kernel.crypto import Signer, Verifier, random_key, to_text
from service.ledger import receipts, rules
from service.ledger.receipts import ISSUED, ReceiptRefused, Terms, checked

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS = {"purpose": "analytics", "status": "given", "notice": {"id": "shop", "version": "1.0", "language": "it"}}
SIGNER = Signer(random_key())
VERIFIER = Verifier(msgspec.json.encode(SIGNER.jwks()))


def claims() -> dict[str, Any]:
    """The claims of a receipt for one grant."""
    entry = rules.entry("consent", UUID(int=1), UUID(int=2), AT, AT, FACTS)
    return receipts.claims("https://consent.example", Terms(Raw(b"[]"), {}), [entry])


def signed(told: Mapping[str, Any]) -> str:
    """A receipt that says this, whatever it is."""
    return SIGNER.sign(told, ISSUED)


def test_what_was_issued_holds() -> None:
    """A receipt proves its records."""
    told = claims()
    (kept,) = checked(signed(told), VERIFIER).records
    assert (kept.entry_id, kept.payload["purpose"]) == (str(UUID(int=2)), "analytics")
    assert to_text(kept.commitment) == told["records"][0]["commitment"]


def test_a_receipt_of_the_first_form_holds() -> None:
    """A receipt from before the names of the standard has payload, salt and commitment, and is as good."""
    told = claims()
    (record,) = told["records"]
    old = {name: record[name] for name in ("payload", "salt", "commitment")}
    assert checked(signed({"iss": told["iss"], "records": [old]}), VERIFIER).records[0].payload == record["payload"]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"salt": to_text(bytes(32))}, "the commitment of entry"),
        ({"commitment": to_text(bytes(32))}, "the commitment of entry"),
        ({"language": "en"}, "something else than the payload"),
        ({"privacy_notice": "shop/2.0"}, "something else than the payload"),
        ({"event": []}, "something else than the payload"),
        ({"pii_principal_id": str(UUID(int=3))}, "something else than the payload"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_record_that_contradicts_itself_is_refused(change: dict[str, Any], wrong: str) -> None:
    """Also under a good signature: payload, salt and commitment belong together, and the names say the same."""
    told = claims()
    told["records"][0] |= change
    with pytest.raises(ReceiptRefused, match=wrong):
        checked(signed(told), VERIFIER)


def test_a_changed_payload_is_refused() -> None:
    """Not one fact can be another, also under a good signature."""
    told = claims()
    told["records"][0]["payload"] |= {"status": "refused"}
    with pytest.raises(ReceiptRefused, match="the commitment of entry"):
        checked(signed(told), VERIFIER)


def test_a_form_that_is_not_known_is_refused() -> None:
    """Nothing is read into a receipt of another form."""
    with pytest.raises(ReceiptRefused, match="a form that this version does not know"):
        checked(signed(claims() | {"schema_version": "placet-receipt-99"}), VERIFIER)
