"""Checkpoints as signed notes (C2SP signed-note, tlog-checkpoint): text that people can read and anyone can check."""

import base64
import binascii
import re
from urllib.parse import urlsplit

from service.kernel.crypto import Signer, digest, is_signed
from service.ledger.model import Checkpoint
from service.ledger.tree import HASH_BYTES

ED25519 = b"\x01"
KEY_ID_BYTES = 4
SIGNED_BY = "— "
SIZE = re.compile(r"0|[1-9][0-9]{0,17}")


class NoteMalformed(ValueError):
    """A text is no signed note of a checkpoint."""


def name_of(issuer: str) -> str:
    """The name of a log and of its key: the host of the issuer, so that another port does not make it another log."""
    return urlsplit(issuer).hostname or issuer


def sign(name: str, size: int, root: bytes, signer: Signer) -> Checkpoint:
    """The signed checkpoint of a tree."""
    text = f"{name}\n{size}\n{to_base64(root)}\n"
    signature = to_base64(_key_id(name, signer.public) + signer.sign_bytes(text.encode()))
    return Checkpoint(size=size, root=root, note=f"{text}\n{SIGNED_BY}{name} {signature}\n")


def read(note: str) -> Checkpoint:
    """The checkpoint of a signed note, whose signatures are not looked at; raises `NoteMalformed`."""
    text, _ = _parts(note)
    name, size, root, *_ = [*text.split("\n"), "", "", ""]
    if not name or not SIZE.fullmatch(size):
        raise NoteMalformed
    value = from_base64(root)
    if len(value) != HASH_BYTES:
        raise NoteMalformed
    return Checkpoint(size=int(size), root=value, note=note)


def log_of(note: str) -> str:
    """The name of the log that a note begins with."""
    return note.partition("\n")[0]


def is_signed_by(note: str, public: bytes) -> bool:
    """Whether a note carries a signature of the holder of a public key in the name that it begins with."""
    text, signatures = _parts(note)
    name = text.partition("\n")[0]
    for line in signatures.splitlines():
        of, _, encoded = line.removeprefix(SIGNED_BY).rpartition(" ")
        signature = from_base64(encoded)
        if of == name and signature[:KEY_ID_BYTES] == _key_id(name, public):
            return is_signed(text.encode(), signature[KEY_ID_BYTES:], public)
    return False


def verifier(name: str, public: bytes) -> str:
    """The key of a log as those who check notes write it (C2SP signed-note)."""
    return f"{name}+{_key_id(name, public).hex()}+{to_base64(ED25519 + public)}"


def to_base64(raw: bytes) -> str:
    """base64 with padding (RFC 4648, 4), as notes and proofs write hashes."""
    return base64.b64encode(raw).decode()


def from_base64(text: str) -> bytes:
    """The inverse of `to_base64`; raises `NoteMalformed`."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteMalformed from error


def _parts(note: str) -> tuple[str, str]:
    """The text, with the line end that is signed too, and the lines of signatures."""
    text, between, signatures = note.rpartition("\n\n")
    if not between or not signatures.startswith(SIGNED_BY) or not signatures.endswith("\n"):
        raise NoteMalformed
    return text + "\n", signatures


def _key_id(name: str, public: bytes) -> bytes:
    return digest(name.encode(), b"\n", ED25519, public)[:KEY_ID_BYTES]
