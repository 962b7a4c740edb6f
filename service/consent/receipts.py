"""The receipts that people get for what they said, with what the bundle says of its purposes."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from service.kernel.crypto import Signer
from service.ledger import receipts
from service.ledger.model import Entry
from service.ledger.receipts import Terms
from service.policy.model import Bundle, Controller, Purpose

CONTROLLER = "controller"
"""The controller's `party_id`: a deployment has one."""


class Receipts:
    """Signs receipts; what they take from the bundle is encoded once for each bundle."""

    def __init__(self, signer: Signer, issuer: str) -> None:
        self._signer = signer
        self._issuer = issuer
        self._terms: tuple[str, Terms] | None = None

    def issue(self, bundle: Bundle, entries: Sequence[Entry]) -> str:
        """The receipt for entries of one subject, recorded together, as a compact JWS."""
        if self._terms is None or self._terms[0] != bundle.digest:
            self._terms = (bundle.digest, terms(bundle))
        return self._signer.sign(receipts.claims(self._issuer, self._terms[1], entries), receipts.ISSUED)


def terms(bundle: Bundle) -> Terms:
    """What receipts say of a bundle."""
    return Terms(
        controllers=Raw(msgspec.json.encode([_party(bundle.controller)])),
        purposes={purpose.id: Raw(msgspec.json.encode(_purpose(purpose))) for purpose in bundle.purposes.values()},
    )


def _party(controller: Controller) -> dict[str, str]:
    return {
        "party_id": CONTROLLER,
        "party_name": controller.name,
        "party_contact": controller.contact,
        "jurisdiction": controller.country,
        "authority_party": controller.authority,
    }


def _purpose(purpose: Purpose) -> dict[str, object]:
    return {
        "purpose": purpose.id,
        "lawful_basis": purpose.legal_basis.value,
        "pii_controllers": [CONTROLLER],
        "recipient_third_parties": purpose.recipients,
        "retention_period": f"P{purpose.retention_days}D",
    }
