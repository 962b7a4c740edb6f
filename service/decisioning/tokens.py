"""The sealed token of a decision: whoever was shown an offer reports what became of it, and of nobody else's (D13).

Each day of expiry has a key of its own, made from the `token` key: random nonces are good for 2^32 seals under one key
(NIST SP 800-38D, 8.3), and a key that is used for a day never gets there.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec
from msgspec import Struct

from service.kernel.crypto import Hasher, SealBroken, Sealer, from_text, to_text

LIFETIME = timedelta(days=30)
"""How long after a decision something may still become of it."""
USE = b"interaction"
PLACE = (b"interaction", b"1")
"""What the token is for and the version of its form; one of another use or form does not open."""
DAY_BYTES = 2
SECONDS_OF_DAY = 86_400
DAYS_HELD = 64


class TokenRefused(Exception):
    """The token is forged, cut off, of another use, or expired: which of these nobody is told."""


class TokenClaims(Struct, frozen=True, array_like=True):
    """What a token says of the profiled decision that it came with. `learnable`: model_training was allowed then."""

    decision_id: UUID
    subject_id: UUID
    site: str
    placement: str
    offer: str
    stage: str | None
    purposes: tuple[str, ...]
    learnable: bool
    decided_at: datetime

    @property
    def expires_at(self) -> datetime:
        """From when on the token is refused."""
        return self.decided_at + LIFETIME


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")
_decoder = msgspec.msgpack.Decoder(TokenClaims)


class Tokens:
    """Issues the tokens of decisions and opens them again, without a database."""

    def __init__(self, keys: Hasher) -> None:
        self._keys = keys
        self._sealer = lru_cache(DAYS_HELD)(self._sealer_of)

    def issue(self, claims: TokenClaims) -> str:
        """The token of a decision, in letters that an address may hold."""
        return to_text(self._sealer(_day(claims.expires_at)).seal(_encoder.encode(claims), *PLACE))

    def open(self, token: str, now: datetime) -> TokenClaims:
        """What a token says; raises `TokenRefused` for one that is not ours, or has expired by `now`."""
        try:
            sealed = from_text(token)
            day = int.from_bytes(sealed[:DAY_BYTES], "big")
            claims = _decoder.decode(self._sealer(day).open(sealed, *PLACE))
        except (ValueError, SealBroken):
            raise TokenRefused from None
        if now >= claims.expires_at:
            raise TokenRefused
        return claims

    def _sealer_of(self, day: int) -> Sealer:
        return Sealer(self._keys.hash(USE, day.to_bytes(DAY_BYTES, "big")), day)


def _day(time: datetime) -> int:
    """The days since 1970, with which a token begins."""
    return int(time.timestamp()) // SECONDS_OF_DAY
