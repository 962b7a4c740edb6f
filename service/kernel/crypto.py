"""Sealing, keyed hashes and signatures. The only importer of `cryptography`; nothing here is hand-made.

Keys are random, one per use, and never derived from one another: rotating one changes nothing else.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OKPKey
from msgspec import Struct

KEY_BYTES = 32
NONCE_BYTES = 12
ALGORITHM = "Ed25519"
"""RFC 9864, which deprecates the name EdDSA for not saying the curve."""


class SealBroken(Exception):
    """A sealed value does not open: it was changed, moved to another place, or sealed under a key not held here."""


class KeyUnusable(Exception):
    """A wrapped key does not unwrap: it was changed, or wrapped under a key that is not held here (any longer)."""


class SignatureRefused(Exception):
    """A signed document does not hold; the message says why."""


def random_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def framed(*parts: bytes) -> bytes:
    """The parts, each with its length before it: no two different lists of parts give the same bytes."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def digest(*parts: bytes) -> bytes:
    """SHA-256 of the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256 of bytes as they are, where a standard says how they are put together (RFC 2104)."""
    return hmac.digest(key, data, "sha256")


def same(one: bytes, other: bytes) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(one, other)


def to_text(raw: bytes) -> str:
    """base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """The inverse of `to_text`; raises ValueError for anything that `to_text` would not have written."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if to_text(raw) != text:
        raise ValueError("not in its shortest form")
    return raw


def wrap_key(wrapping: bytes, raw: bytes) -> bytes:
    """A key of any length, wrapped under another one: AES-KWP (RFC 5649)."""
    return aes_key_wrap_with_padding(wrapping, raw)


def unwrap_key(wrapping: bytes, wrapped: bytes) -> bytes:
    """The inverse of `wrap_key`; raises `KeyUnusable`."""
    try:
        return aes_key_unwrap_with_padding(wrapping, wrapped)
    except InvalidUnwrap as error:
        raise KeyUnusable from error


class Hasher:
    """A keyed hash (HMAC-SHA-256) under one key version."""

    def __init__(self, key: bytes, version: int = 1, first: tuple[bytes, ...] = ()) -> None:
        self._key = key
        self._first = first
        self._begun = HMAC(key, SHA256())
        self._begun.update(framed(*first))
        self.version = version

    def after(self, *parts: bytes) -> "Hasher":
        """The same hash of whatever begins with `parts`, for who hashes much that begins alike."""
        return Hasher(self._key, self.version, (*self._first, *parts))

    def hash(self, *parts: bytes) -> bytes:
        """32 bytes that only a holder of the key can compute."""
        mac = self._begun.copy()
        mac.update(framed(*parts))
        return mac.finalize()


class Sealer:
    """AES-256-GCM; the place a value belongs to is bound to it as associated data.

    It seals under the current version of its key and opens under every version that it holds. What was sealed under
    another one may be newer: `renew` is called, which may bring it.
    """

    def __init__(self, key: bytes, version: int = 1, renew: Callable[[], None] | None = None) -> None:
        self._renew = renew
        self.hold({version: key}, version)

    def hold(self, keys: Mapping[int, bytes], current: int) -> None:
        """Seal under the current one of these keys from now on, and open under any."""
        self._ciphers = {_prefix(version): AESGCM(key) for version, key in keys.items()}
        self.prefix = _prefix(current)
        """What a value that is sealed now begins with; of one sealed under an older version it is less."""

    def seal(self, plain: bytes, *place: bytes) -> bytes:
        """Key version, nonce and ciphertext of `plain`, which opens only with the same `place`."""
        nonce, version = os.urandom(NONCE_BYTES), self.prefix
        return version + nonce + self._ciphers[version].encrypt(nonce, plain, framed(version, *place))

    def open(self, sealed: bytes, *place: bytes) -> bytes:
        """What was sealed; raises `SealBroken`."""
        version, nonce, rest = sealed[:2], sealed[2 : 2 + NONCE_BYTES], sealed[2 + NONCE_BYTES :]
        if version not in self._ciphers and self._renew is not None:
            self._renew()
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise SealBroken
        try:
            return cipher.decrypt(nonce, rest, framed(version, *place))
        except (InvalidTag, ValueError) as error:
            raise SealBroken from error


def _prefix(version: int) -> bytes:
    return version.to_bytes(2, "big")


class Signer:
    """Signs documents with Ed25519 as compact JWS (RFC 7515, RFC 9864); the key id is the RFC 7638 thumbprint."""

    def __init__(self, seed: bytes) -> None:
        self.hold(seed, ())

    def hold(self, seed: bytes, others: Iterable[bytes]) -> None:
        """Sign with this key from now on, and publish the public halves of others: of old ones, and of the next."""
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._published = [_public_jwk(public) for public in (public_half(seed), *others)]
        self.key_id: str = self._published[0]["kid"]
        self._headers: dict[str, str] = {}

    def sign(self, claims: Mapping[str, Any], kind: str) -> str:
        """A compact JWS of `claims`, whose header says what kind of document it is (`typ`)."""
        signed = f"{self._header(kind)}.{to_text(msgspec.json.encode(claims))}"
        return f"{signed}.{to_text(self._private.sign(signed.encode()))}"

    def _header(self, kind: str) -> str:
        """The same for every document of a kind."""
        if kind not in self._headers:
            header = {"alg": ALGORITHM, "kid": self.key_id, "typ": kind}
            self._headers[kind] = to_text(msgspec.json.encode(header))
        return self._headers[kind]

    @property
    def publics(self) -> list[bytes]:
        """The public keys of `jwks` as they are, the one that signs now first."""
        return [from_text(key["x"]) for key in self.jwks()["keys"]]

    @property
    def public(self) -> bytes:
        """The public key of what is signed now."""
        return self.publics[0]

    def sign_bytes(self, data: bytes) -> bytes:
        """The Ed25519 signature of bytes that say themselves what kind of document they are (RFC 8032)."""
        return self._private.sign(data)

    def jwks(self) -> dict[str, Any]:
        """The public keys with which anyone can check what was signed (RFC 7517)."""
        return {"keys": self._published}


def public_half(seed: bytes) -> bytes:
    """What of a signing key anyone may have."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _public_jwk(public: bytes) -> dict[str, Any]:
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": to_text(public)})
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}


def is_signed(data: bytes, signature: bytes, public: bytes) -> bool:
    """Whether a signature of bytes is that of the holder of a public key (Ed25519, RFC 8032)."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


class PublicKey(Struct, frozen=True):
    """An Ed25519 public key as RFC 8037 writes it."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str

    @property
    def thumbprint(self) -> str:
        """By what a key is known (RFC 7638): it follows from the key, whatever `kid` says."""
        return to_text(digest(msgspec.json.encode(self, order="sorted")))


class PublicKeys(Struct, frozen=True):
    """A set of public keys (RFC 7517)."""

    keys: list[PublicKey]


class Verifier:
    """Checks signed documents against public keys; it holds no secret, and needs no service."""

    def __init__(self, jwks: bytes) -> None:
        """Raises ValueError for what is no JSON of Ed25519 public keys."""
        keys = msgspec.json.decode(jwks, type=PublicKeys).keys
        self._keys = {key.thumbprint: from_text(key.x) for key in keys}
        if any(len(key) != KEY_BYTES for key in self._keys.values()):
            raise ValueError("a public key has 32 bytes")

    @property
    def keys(self) -> Collection[bytes]:
        """The raw public keys."""
        return self._keys.values()

    def open(self, document: str, kind: str) -> bytes:
        """The claims of a compact JWS of this kind; raises `SignatureRefused`."""
        try:
            header, claims, signature = document.split(".")
            told = msgspec.json.decode(from_text(header), type=_Header)
            plain, signed = from_text(claims), from_text(signature)
        except ValueError:
            raise SignatureRefused("it was cut off or changed: it is no compact JWS of this service") from None
        if told.typ != kind:
            raise SignatureRefused(f"it is a signed document, but no {kind}")
        key = self._keys.get(told.kid)
        if key is None:
            raise SignatureRefused("it was signed with a key that is not among these; fetch the issuer's keys")
        if not is_signed(f"{header}.{claims}".encode(), signed, key):
            raise SignatureRefused("the signature does not fit: something was changed")
        return plain


class _Header(Struct, frozen=True, forbid_unknown_fields=True):
    alg: Literal["Ed25519"]
    kid: str
    typ: str
