"""Signatures: a recipient can check a message by the service's key or by its own secret, also during a rotation."""

from base64 import b64decode
from pathlib import Path

import pytest

from service.kernel.clock import system_now
from service.kernel.webhooks import Public, WebhookRefused, signed, verified
from service.policy.model import Recipient
from service.recipients.signatures import PUBLIC, SECRET, Signatures
from service.settings import Settings
from service.subjects.keyfile import change_key_file, create_key_file, read_key_file, turned, with_next
from service.subjects.keyring import load_key_file
from service.subjects.private import locked


def recipient(name: str) -> Recipient:
    """A recipient without a key of its own."""
    return Recipient(id=name, title={}, role="own", country="IT", transfer_basis=None, endpoint="https://crm.example/")


def published(signatures: Signatures) -> list[Public]:
    """The keys that are printed, as a recipient reads them."""
    return [Public(b64decode(key.removeprefix(PUBLIC))) for key in signatures.public]


def test_while_the_signing_key_is_rotated_both_sign(tmp_path: Path) -> None:
    """Whoever knows the old key, and whoever knows the new one already, believes the same message."""
    settings = Settings(environment="development", data_dir=tmp_path)
    create_key_file(settings)
    keyring = load_key_file(settings)
    signatures = Signatures(keyring)
    (old,) = published(signatures)
    secret = signatures.secret(recipient("crm"))
    with locked(settings.key_file):
        change_key_file(settings, with_next(read_key_file(settings), "signing"))
    keyring.renew()
    now, (_, new) = system_now(), published(signatures)
    headers = signed("1", now, b"{}", signatures.signing(recipient("crm")))
    for key in (old, new, *signatures.checking(recipient("crm"))):
        assert verified(headers, b"{}", [key], now) == "1"
    with locked(settings.key_file):
        change_key_file(settings, turned(read_key_file(settings), "signing"))
    keyring.renew()
    headers = signed("1", now, b"{}", signatures.signing(recipient("crm")))
    assert verified(headers, b"{}", [new], now) == "1"
    with pytest.raises(WebhookRefused):
        verified(headers, b"{}", [old], now)
    assert signatures.secret(recipient("crm")) == secret


def test_no_two_recipients_share_a_secret(tmp_path: Path) -> None:
    """One cannot send to another in the service's name."""
    settings = Settings(environment="development", data_dir=tmp_path)
    create_key_file(settings)
    signatures = Signatures(load_key_file(settings))
    secrets = {signatures.secret(recipient(name)) for name in ("crm", "ads", "newsletter")}
    assert len(secrets) == 3
    assert all(len(b64decode(secret.removeprefix(SECRET))) == 32 for secret in secrets)
