"""The sealed token of a decision."""

from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec.structs import replace

from service.decisioning.tokens import LIFETIME, PLACE, TokenClaims, TokenRefused, Tokens
from service.kernel.crypto import Hasher, Sealer, from_text, random_key, to_text
from tests.consenting import NOON

CLAIMS = TokenClaims(
    decision_id=uuid4(),
    subject_id=uuid4(),
    site="shop",
    placement="product_sidebar",
    offer="guide-headphones",
    stage="think",
    purposes=("model_training", "personalization"),
    learnable=True,
    decided_at=NOON,
)
JUST_BEFORE = NOON + LIFETIME - timedelta(microseconds=1)


@pytest.mark.parametrize("claims", [CLAIMS, replace(CLAIMS, stage=None, purposes=(), learnable=False)])
def test_a_token_says_what_was_decided(claims: TokenClaims) -> None:
    """Everything that was claimed, until the instant at which it expires, and not from that instant on."""
    tokens = Tokens(Hasher(random_key()))
    token = tokens.issue(claims)
    assert tokens.open(token, NOON) == tokens.open(token, JUST_BEFORE) == claims
    with pytest.raises(TokenRefused):
        tokens.open(token, claims.expires_at)


def test_a_token_is_short_and_fit_for_an_address() -> None:
    """It has letters that no address changes, and fewer than 300 of them."""
    token = Tokens(Hasher(random_key())).issue(CLAIMS)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert len(token) < 300


def test_a_token_tells_nobody_whose_it_is() -> None:
    """Two tokens of the same decision share nothing but the day on which they expire, and none of their words."""
    tokens = Tokens(Hasher(random_key()))
    one, other = (from_text(tokens.issue(CLAIMS)) for _ in range(2))
    assert one[:2] == other[:2]
    assert one[2:14] != other[2:14]
    assert not any(word in one for word in (b"shop", b"guide-headphones", CLAIMS.subject_id.bytes))


def test_a_token_of_another_service_is_refused() -> None:
    """Only who holds the key of this service makes one."""
    token = Tokens(Hasher(random_key())).issue(CLAIMS)
    with pytest.raises(TokenRefused):
        Tokens(Hasher(random_key())).open(token, NOON)


def test_a_token_that_was_changed_is_refused() -> None:
    """Whichever bit is another one, also of the day with which it begins."""
    tokens = Tokens(Hasher(random_key()))
    sealed = from_text(tokens.issue(CLAIMS))
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(TokenRefused):
            tokens.open(to_text(changed), NOON)


def test_what_was_sealed_for_another_use_is_refused() -> None:
    """A value of the same key, of the right form, opens only where it was sealed for."""
    key = Hasher(random_key())
    day = from_text(Tokens(key).issue(CLAIMS))[:2]
    sealer = Sealer(key.hash(b"interaction", day), int.from_bytes(day, "big"))
    inside = sealer.open(from_text(Tokens(key).issue(CLAIMS)), *PLACE)
    assert Tokens(key).open(to_text(sealer.seal(inside, *PLACE)), NOON) == CLAIMS
    for place in ((b"interaction", b"2"), (b"unsubscribe", b"1"), ()):
        with pytest.raises(TokenRefused):
            Tokens(key).open(to_text(sealer.seal(inside, *place)), NOON)


@pytest.mark.parametrize("token", ["", "a", "é", "\x00", "AAAA", to_text(bytes(14)), to_text(bytes(64)), "=" * 40])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Anything else is answered alike."""
    with pytest.raises(TokenRefused):
        Tokens(Hasher(random_key())).open(token, NOON)
