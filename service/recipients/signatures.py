"""How messages to recipients are signed, and how theirs are checked (Standard Webhooks)."""

import base64
from collections.abc import Sequence

from service.kernel.webhooks import Checking, Private, Public, Shared, Signing
from service.policy.model import Recipient
from service.subjects.keyring import Keyring

PUBLIC, SECRET = "whpk_", "whsec_"


class Signatures:
    """Signs with the service's key, which anyone can check, and with a secret that each recipient shares with us.

    While the signing key is being rotated the next one signs as well.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def signing(self, recipient: Recipient) -> Sequence[Signing]:
        """What a message to a recipient is signed with."""
        return [*map(Private, self._keyring.signers), Shared(self._shared(recipient))]

    def checking(self, recipient: Recipient) -> Sequence[Checking]:
        """What a message from a recipient must be signed with: its own key where it has one, else the shared secret."""
        if recipient.public_key:
            return [Public(base64.b64decode(recipient.public_key.removeprefix(PUBLIC)))]
        return [Shared(self._shared(recipient))]

    def secret(self, recipient: Recipient) -> str:
        """The secret that a recipient shares with us, as Standard Webhooks writes it; nobody else may know it."""
        return SECRET + base64.b64encode(self._shared(recipient)).decode()

    @property
    def public(self) -> list[str]:
        """The public keys with which recipients check what we sign, the one that counts first."""
        return [PUBLIC + base64.b64encode(signer.public).decode() for signer in self._keyring.signers]

    def _shared(self, recipient: Recipient) -> bytes:
        return self._keyring.token.hash(b"webhook", recipient.id.encode())
