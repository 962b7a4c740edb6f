"""Checkpoints as signed notes: the format, and what is no such note."""

import base64

import pytest

from service.kernel.crypto import Signer, random_key
from service.ledger import note
from service.ledger.note import NoteMalformed

ROOT = bytes(range(32))
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""The key in the documentation of signed notes."""


@pytest.fixture
def signer() -> Signer:
    """A key of this test's own."""
    return Signer(random_key())


def test_a_key_is_named_as_the_standard_names_it() -> None:
    """The id of a key is the one that others compute."""
    name, _, encoded = NEUMANN.split("+")
    assert note.verifier(name, base64.b64decode(encoded)[1:]) == NEUMANN


def test_what_was_signed_is_read_again(signer: Signer) -> None:
    """A checkpoint is three lines and a signature, and says what was signed."""
    checkpoint = note.sign("shop.example", 7, ROOT, signer)
    name, size, root, empty, signature, end = checkpoint.note.split("\n")
    assert (name, size, base64.b64decode(root), empty, end) == ("shop.example", "7", ROOT, "", "")
    assert signature.startswith("— shop.example ")
    assert note.read(checkpoint.note) == checkpoint
    assert note.is_signed_by(checkpoint.note, signer.public)


def test_a_signature_of_another_key_or_name_or_text_is_none(signer: Signer) -> None:
    """A note is signed only by its key, in its name, as it stands; the signatures of others beside it do no harm."""
    signed = note.sign("shop.example", 7, ROOT, signer).note
    assert not note.is_signed_by(signed, Signer(random_key()).public)
    assert not note.is_signed_by(signed.replace("shop", "mall"), signer.public)
    assert not note.is_signed_by(signed.replace("shop", "mall", 1), signer.public)
    assert not note.is_signed_by(signed.replace("\n7\n", "\n8\n"), signer.public)
    witness = note.sign("witness.example", 7, ROOT, Signer(random_key())).note.partition("\n\n")[2]
    assert note.is_signed_by(signed + witness, signer.public)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n\u0667\n"),
        ("\n7\n", "\n" + "7" * 5000 + "\n"),
        ("\n7\n", "\n"),
        ("shop.example\n", "\n"),
        ("AAEC", "AAE"),
        ("AAEC", "****"),
        ("\n\n", "\n"),
        ("\n\n— ", "\n\n- "),
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(signer: Signer, was: str, becomes: str) -> None:
    """A line that is missing, or is not what it should be, makes it none."""
    signed = note.sign("shop.example", 7, ROOT, signer).note
    assert was in signed
    with pytest.raises(NoteMalformed):
        note.read(signed.replace(was, becomes, 1))


def test_a_note_without_its_end_is_refused(signer: Signer) -> None:
    """A file that was cut off anywhere is no checkpoint."""
    signed = note.sign("shop.example", 7, ROOT, signer).note
    for length in range(len(signed)):
        with pytest.raises(NoteMalformed):
            note.read(signed[:length])


@pytest.mark.parametrize(
    ("issuer", "name"),
    [
        ("https://consent.shop.example", "consent.shop.example"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("https://shop.example/consent/", "shop.example"),
        ("shop.example", "shop.example"),
    ],
)
def test_a_log_is_named_by_its_host(issuer: str, name: str) -> None:
    """Another port or scheme does not make it another log."""
    assert note.name_of(issuer) == name
