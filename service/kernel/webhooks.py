"""Signed messages between servers, after Standard Webhooks 1.0.0: from whom, when, and that nothing was changed.

Signing and verifying only; `recipients` sends. The shared secret of the specification is `v1`, Ed25519 is `v1a`.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from service.kernel.crypto import KEY_BYTES, Signer, is_signed, mac, same

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = timedelta(minutes=5)
"""How old a message may be, and how far in the future; whoever acts on one remembers its id for twice as long."""
MOST_SIGNATURES = 8
"""A sender that changes its key signs with two; more are not looked at."""
SHORTEST_SECRET, LONGEST_SECRET = 24, 64
LONGEST_NUMBER = 12


class WebhookRefused(Exception):
    """A message was not sent by who it should be from, or was sent before; the message says why."""


class Signing(Protocol):
    """A key that signs."""

    mark: str

    def sign(self, data: bytes) -> bytes:
        """The signature of bytes."""
        ...


class Checking(Protocol):
    """A key that checks signatures."""

    mark: str

    def holds(self, data: bytes, signature: bytes) -> bool:
        """Whether it is the signature of these bytes."""
        ...


class Shared:
    """A secret that both ends have (`whsec_`), one for each receiver: HMAC-SHA-256."""

    mark = "v1"

    def __init__(self, secret: bytes) -> None:
        """Raises ValueError for a secret that the specification does not allow."""
        if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
            raise ValueError(f"a shared secret has {SHORTEST_SECRET} to {LONGEST_SECRET} bytes")
        self._secret = secret

    def sign(self, data: bytes) -> bytes:
        """The signature of bytes."""
        return mac(self._secret, data)

    def holds(self, data: bytes, signature: bytes) -> bool:
        """Whether it is the signature of these bytes; takes as long for every wrong one."""
        return same(self.sign(data), signature)


class Private:
    """The private half of an Ed25519 key, which the sender alone has."""

    mark = "v1a"

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def sign(self, data: bytes) -> bytes:
        """The signature of bytes."""
        return self._signer.sign_bytes(data)


class Public:
    """The public half (`whpk_`)."""

    mark = "v1a"

    def __init__(self, key: bytes) -> None:
        """Raises ValueError for what is no Ed25519 key."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a public key has {KEY_BYTES} bytes")
        self._key = key

    def holds(self, data: bytes, signature: bytes) -> bool:
        """Whether it is the signature of these bytes."""
        return is_signed(data, signature, self._key)


def signed(message_id: str, at: datetime, body: bytes, keys: Sequence[Signing]) -> dict[str, str]:
    """The headers of one attempt to send `body`; the id is the same for every attempt, and has no full stop."""
    if "." in message_id:
        raise ValueError("a message id has no full stop: it could be read as another message")
    timestamp = str(int(at.timestamp()))
    data = _signed_content(message_id, timestamp, body)
    signatures = [f"{key.mark},{base64.b64encode(key.sign(data)).decode()}" for key in keys]
    return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(signatures)}


def verified(headers: Mapping[str, str], body: bytes, keys: Sequence[Checking], now: datetime) -> str:
    """The id of a message whose sender holds one of the keys, to be acted on once; raises `WebhookRefused`."""
    # 1. It says what it is
    message_id, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not message_id or not headers.get(SIGNATURE):
        raise WebhookRefused(f"send the headers {ID}, {TIMESTAMP} and {SIGNATURE} (Standard Webhooks)")
    if "." in message_id:
        raise WebhookRefused(f"{ID} must not have a full stop")
    # 2. It was sent a moment ago: what was overheard is of no use later
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= LONGEST_NUMBER):
        raise WebhookRefused(f"{TIMESTAMP} must be seconds since 1970")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise WebhookRefused("it was sent too long ago, or in the future; sign it anew, and check the sender's clock")
    # 3. A sender whose key we have signed all of it
    data = _signed_content(message_id, timestamp, body)
    for mark, signature in _signatures(headers[SIGNATURE]):
        if any(key.mark == mark and key.holds(data, signature) for key in keys):
            return message_id
    raise WebhookRefused("no signature fits: it is from somebody else, or id, time or body were changed")


def _signed_content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _signatures(header: str) -> list[tuple[str, bytes]]:
    """The signatures that can be read, each with its mark; others are of schemes that are not known here."""
    found: list[tuple[str, bytes]] = []
    for part in header.split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]:
        mark, _, encoded = part.partition(",")
        try:
            found.append((mark, base64.b64decode(encoded, validate=True)))
        except (binascii.Error, ValueError):
            continue
    return found
