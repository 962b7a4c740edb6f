"""Webhooks: signed as Standard Webhooks says, and refused when they are late, changed or somebody else's."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.crypto import Signer
from service.kernel.webhooks import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    TOLERANCE,
    Private,
    Public,
    Shared,
    WebhookRefused,
    signed,
    verified,
)

MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SECRET = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
SEED = base64.b64decode("VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=")
SYMMETRIC = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
ASYMMETRIC = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
"""The vectors of the reference implementations of Standard Webhooks."""
SHARED, SIGNER = Shared(SECRET), Signer(SEED)
PRIVATE, PUBLIC = Private(SIGNER), Public(SIGNER.public)


def test_signatures_are_those_of_the_reference_implementations() -> None:
    """The published vectors of both schemes come out."""
    headers = {"webhook-id": MESSAGE, "webhook-timestamp": "1614265330"}
    assert signed(MESSAGE, AT, BODY, [SHARED]) == headers | {"webhook-signature": SYMMETRIC}
    assert signed(MESSAGE, AT, BODY, [PRIVATE]) == headers | {"webhook-signature": ASYMMETRIC}


@given(
    st.text("abcdefgh_0123456789", min_size=1, max_size=40),
    st.binary(max_size=200),
    st.binary(min_size=24, max_size=64),
)
def test_signatures_are_those_of_the_specification(message_id: str, body: bytes, secret: bytes) -> None:
    """Whatever is sent, both signatures are what the specification says, worked out apart from the code."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(secret).digest())
    signer = Signer(private.private_bytes_raw())
    content = b".".join([message_id.encode(), b"1614265330", body])
    headers = signed(message_id, AT, body, [Shared(secret), Private(signer)])
    one, other = headers[SIGNATURE].split(" ")
    assert base64.b64decode(one.removeprefix("v1,")) == hmac.new(secret, content, hashlib.sha256).digest()
    private.public_key().verify(base64.b64decode(other.removeprefix("v1a,")), content)
    assert verified(headers, body, [Shared(secret)], AT) == verified(headers, body, [Public(signer.public)], AT)


@pytest.mark.rule("S3")
@pytest.mark.parametrize("late", [timedelta(), TOLERANCE, -TOLERANCE])
def test_a_message_is_taken_in_its_time(late: timedelta) -> None:
    """Webhooks resist replay: a message is good for five minutes, and for a clock that is as much behind."""
    headers = signed(MESSAGE, AT, BODY, [SHARED, PRIVATE])
    for key in (SHARED, PUBLIC):
        assert verified(headers, BODY, [key], AT + late) == MESSAGE


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "late", [TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1), timedelta(days=9)]
)
def test_a_message_that_was_sent_before_is_refused(late: timedelta) -> None:
    """Webhooks resist replay: what was overheard is of no use later, and its time cannot be made younger."""
    headers = signed(MESSAGE, AT, BODY, [SHARED, PRIVATE])
    now = AT + late
    with pytest.raises(WebhookRefused, match="too long ago"):
        verified(headers, BODY, [SHARED, PUBLIC], now)
    with pytest.raises(WebhookRefused, match="no signature fits"):
        verified(headers | {TIMESTAMP: str(int(now.timestamp()))}, BODY, [SHARED, PUBLIC], now)


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "change",
    [
        {ID: "msg_another"},
        {TIMESTAMP: "1614265331"},
        {SIGNATURE: SYMMETRIC[:-2] + "A="},
        {SIGNATURE: SYMMETRIC.replace("v1,", "v1a,")},
        {SIGNATURE: "v1,"},
        {SIGNATURE: "v1"},
        {SIGNATURE: "v1,é"},
        {SIGNATURE: f"v2,{SYMMETRIC[3:]}"},
        {SIGNATURE: ("v1,AAAA " * 8) + SYMMETRIC},
    ],
    ids=str,
)
def test_a_message_that_was_changed_is_refused(change: dict[str, str]) -> None:
    """Webhooks resist replay under another id, time or scheme: the signature is over all of it."""
    headers = signed(MESSAGE, AT, BODY, [SHARED]) | change
    with pytest.raises(WebhookRefused, match="no signature fits"):
        verified(headers, BODY, [SHARED, PUBLIC], AT)


@pytest.mark.rule("S3")
def test_a_message_of_somebody_else_is_refused() -> None:
    """Webhooks resist being sent to another receiver: each has a key of its own, and one byte of the body counts."""
    for key in (SHARED, PRIVATE):
        headers = signed(MESSAGE, AT, BODY, [key])
        for body, keys in ((BODY + b" ", [SHARED, PUBLIC]), (BODY, [Shared(bytes(32)), Public(bytes(32))]), (BODY, [])):
            with pytest.raises(WebhookRefused, match="no signature fits"):
                verified(headers, body, keys, AT)


@pytest.mark.rule("S3")
@pytest.mark.parametrize("missing", [ID, TIMESTAMP, SIGNATURE])
@pytest.mark.parametrize("value", [None, "", "-1", "1e9", "١٦١٤٢٦٥٣٣٠", "9" * 400])
def test_a_message_without_what_it_needs_is_refused(missing: str, value: str | None) -> None:
    """Webhooks resist replay only with id, time and signature: without one, or with nonsense, nothing is taken."""
    headers = {name: told for name, told in signed(MESSAGE, AT, BODY, [SHARED]).items() if name != missing}
    if value is not None:
        headers[missing] = value
    with pytest.raises(WebhookRefused):
        verified(headers, BODY, [SHARED], AT)


def test_either_of_two_keys_will_do_while_one_takes_the_place_of_the_other() -> None:
    """A sender that changes its key signs with both, and a receiver that has either takes the message."""
    old, new = Shared(b"o" * 24), Shared(b"n" * 24)
    headers = signed(MESSAGE, AT, BODY, [new, old])
    for keys in ([old], [new], [old, new]):
        assert verified(headers, BODY, keys, AT) == MESSAGE


def test_an_id_cannot_be_cut_in_another_way() -> None:
    """An id with a full stop could be read as a shorter one with another time: it is neither signed nor taken."""
    with pytest.raises(ValueError, match="full stop"):
        signed("msg.1", AT, BODY, [SHARED])
    headers = signed("msg", AT, BODY, [SHARED])
    with pytest.raises(WebhookRefused, match="full stop"):
        verified(headers | {ID: f"msg.{headers[TIMESTAMP]}"}, BODY, [SHARED], AT)


@pytest.mark.parametrize("secret", [b"", b"x" * 23, b"x" * 65])
def test_a_secret_that_is_too_short_is_no_secret(secret: bytes) -> None:
    """The specification asks for 24 to 64 bytes."""
    with pytest.raises(ValueError, match="24 to 64"):
        Shared(secret)
