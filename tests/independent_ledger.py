"""A verifier of our checkpoints and proofs that believes nothing of ours.

Written from RFC 6962 (hashes), RFC 9162 2.1.3.2 and 2.1.4.2 (proofs), RFC 8785 (canonical JSON), RFC 8037 (JWK) and
C2SP signed-note and tlog-checkpoint, with hashlib, cryptography and rfc8785, and nothing of the service.
"""

import base64
import hashlib
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def url64(text: str) -> bytes:
    """base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(note: str, jwks: dict[str, Any]) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that one of the keys has signed; fails for any other."""
    assert note.endswith("\n")
    text, _, signatures = note.partition("\n\n")
    origin, size, root = text.split("\n")
    keys = [url64(key["x"]) for key in jwks["keys"] if (key["kty"], key["crv"]) == ("OKP", "Ed25519")]
    signed = False
    for line in signatures.rstrip("\n").split("\n"):
        dash, name, encoded = line.split(" ")
        assert dash == "\N{EM DASH}"
        raw = base64.b64decode(encoded, validate=True)
        for key in keys:
            if name == origin and raw[:4] == sha256(name.encode() + b"\n\x01" + key)[:4]:
                Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], (text + "\n").encode())
                signed = True
    assert signed
    return origin, int(size), base64.b64decode(root, validate=True)


def committed(salt: str, payload: dict[str, Any]) -> bytes:
    """What the ledger commits to: SHA-256 of the salt and the canonical payload."""
    return sha256(url64(salt) + rfc8785.dumps(payload))


def leaf(commitment: bytes) -> bytes:
    """The leaf of a commitment (RFC 6962, 2.1)."""
    return sha256(b"\x00" + commitment)


def inner(left: bytes, right: bytes) -> bytes:
    """The node over two (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right)


def root_by_inclusion(value: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a path leads to, by recursion from the top as RFC 6962 2.1.1 defines paths."""
    if size == 1:
        assert not path
        return value
    half = 1
    while half * 2 < size:
        half *= 2
    *rest, top = path
    if index < half:
        return inner(root_by_inclusion(value, index, half, rest), top)
    return inner(top, root_by_inclusion(value, index - half, size - half, rest))


def roots_by_consistency(
    old: int, new: int, old_root: bytes, path: list[bytes], *, whole: bool = True
) -> tuple[bytes, bytes]:
    """The old and the new root that a path leads to, by recursion as RFC 6962 2.1.2 defines SUBPROOF."""
    if old == new:
        if whole:
            assert not path
            return old_root, old_root
        (value,) = path
        return value, value
    half = 1
    while half * 2 < new:
        half *= 2
    *rest, top = path
    if old <= half:
        left_old, left_new = roots_by_consistency(old, half, old_root, rest, whole=whole)
        return left_old, inner(left_new, top)
    right_old, right_new = roots_by_consistency(old - half, new - half, old_root, rest, whole=False)
    return inner(top, right_old), inner(top, right_new)


def require_included(proof: dict[str, Any], commitment: bytes, jwks: dict[str, Any]) -> None:
    """Fails unless a proof shows that a commitment is in the tree of a checkpoint signed by one of the keys."""
    _, size, root = opened(proof["checkpoint"], jwks)
    assert proof["tree_size"] == size
    assert 0 <= proof["leaf_index"] < size
    value = leaf(commitment)
    assert base64.b64decode(proof["leaf_hash"], validate=True) == value
    path = [base64.b64decode(each, validate=True) for each in proof["hashes"]]
    assert root_by_inclusion(value, proof["leaf_index"], size, path) == root


def require_extended(proof: dict[str, Any], old: str, new: str, jwks: dict[str, Any]) -> None:
    """Fails unless a proof shows that the tree of one checkpoint extends that of another."""
    (one, old_size, old_root), (other, new_size, new_root) = opened(old, jwks), opened(new, jwks)
    assert one == other
    assert (proof["from"], proof["to"]) == (old_size, new_size)
    path = [base64.b64decode(each, validate=True) for each in proof["hashes"]]
    assert roots_by_consistency(old_size, new_size, old_root, path) == (old_root, new_root)
