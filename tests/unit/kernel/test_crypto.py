"""Sealing, keyed hashes and signatures hold what they promise."""

import hashlib
import hmac
from itertools import pairwise
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from service.kernel.crypto import (
    Hasher,
    KeyUnusable,
    SealBroken,
    Sealer,
    Signer,
    digest,
    framed,
    from_text,
    public_half,
    random_key,
    same,
    to_text,
    unwrap_key,
    wrap_key,
)

PLAIN = b"ada@example.com"


def place(table: bytes = b"lookups", column: bytes = b"sealed", owner: bytes | None = None) -> tuple[bytes, ...]:
    """Where a sealed value belongs: table, column and owner."""
    return table, column, owner or uuid4().bytes


def test_a_sealed_value_opens_at_its_place() -> None:
    """What was sealed for a place comes back whole."""
    sealer, where = Sealer(random_key()), place()
    assert sealer.open(sealer.seal(PLAIN, *where), *where) == PLAIN


@pytest.mark.parametrize(
    "elsewhere",
    [place(), place(table=b"touchpoints"), place(column=b"evidence")],
    ids=["another row", "another table", "another column"],
)
def test_a_sealed_value_does_not_open_elsewhere(elsewhere: tuple[bytes, ...]) -> None:
    """A value copied to another row, column or table is refused."""
    sealer, where = Sealer(random_key()), place(owner=bytes(16))
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(PLAIN, *where), *elsewhere)


def test_a_place_cannot_be_cut_in_another_way() -> None:
    """Table `a`, column `bc` is not table `ab`, column `c`."""
    sealer = Sealer(random_key())
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(PLAIN, b"a", b"bc"), b"ab", b"c")


def test_a_sealed_value_with_any_byte_changed_does_not_open() -> None:
    """Version, nonce, ciphertext and tag are all bound."""
    sealer, where = Sealer(random_key()), place()
    sealed = sealer.seal(PLAIN, *where)
    for position in range(len(sealed)):
        changed = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(SealBroken):
            sealer.open(changed, *where)


def test_a_sealed_value_that_was_cut_off_does_not_open() -> None:
    """However short it has become, the answer is the same."""
    sealer, where = Sealer(random_key()), place()
    sealed = sealer.seal(PLAIN, *where)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open(sealed[:length], *where)


def test_a_sealed_value_opens_under_its_own_key_only() -> None:
    """Another key opens nothing."""
    where = place()
    with pytest.raises(SealBroken):
        Sealer(random_key()).open(Sealer(random_key()).seal(PLAIN, *where), *where)


def test_sealing_twice_gives_two_values() -> None:
    """Equal plaintexts cannot be recognised by their sealed form."""
    sealer, where = Sealer(random_key()), place()
    sealed = {sealer.seal(PLAIN, *where) for _ in range(100)}
    assert len(sealed) == 100
    assert all(PLAIN not in value for value in sealed)


@given(st.lists(st.binary(max_size=6), max_size=5), st.lists(st.binary(max_size=6), max_size=5))
def test_framing_tells_every_two_lists_apart(one: list[bytes], other: list[bytes]) -> None:
    """Two different lists of parts never give the same bytes."""
    assert (framed(*one) == framed(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [((b"ab", b"c"), (b"a", b"bc")), ((b"a", b""), (b"a",)), ((b"", b"a"), (b"a", b"")), ((), (b"",))],
)
def test_framing_keeps_the_borders_of_parts(one: tuple[bytes, ...], other: tuple[bytes, ...]) -> None:
    """Moving a border, or adding an empty part, gives other bytes."""
    assert framed(*one) != framed(*other)


def test_a_keyed_hash_is_hmac_sha_256_of_the_framed_parts() -> None:
    """Anyone with the key can compute it with the standard library alone."""
    key = random_key()
    message = b"\x00\x00\x00\x02v1\x00\x00\x00\x05email"
    assert Hasher(key).hash(b"v1", b"email") == hmac.new(key, message, hashlib.sha256).digest()


def test_a_keyed_hash_may_be_begun_once() -> None:
    """What was hashed after a beginning is what is hashed with it."""
    hasher = Hasher(random_key(), 3)
    begun = hasher.after(b"v1").after(b"email")
    assert begun.hash(b"a", b"b") == hasher.hash(b"v1", b"email", b"a", b"b")
    assert begun.version == 3


def test_a_keyed_hash_differs_by_key_and_by_part() -> None:
    """Without the key nobody can compute it, and no two inputs share it."""
    one, other = Hasher(random_key()), Hasher(random_key())
    hashes = [one.hash(b"a", b"b"), one.hash(b"ab"), one.hash(b"ab", b""), other.hash(b"a", b"b")]
    assert len(set(hashes)) == len(hashes)


def test_digest_is_sha_256_of_the_parts_in_a_row() -> None:
    """The commitments of the ledger can be computed by anyone."""
    assert digest(b"a", b"b") == hashlib.sha256(b"ab").digest()


def test_equality_of_secrets() -> None:
    """Equal secrets are the same and others are not, whatever their length."""
    assert same(b"secret", b"secret")
    assert not any(same(one, other) for one, other in pairwise([b"secret", b"secreT", b"secre", b""]))


@given(st.binary(max_size=40))
def test_base64url_text_leads_back_to_its_bytes(raw: bytes) -> None:
    """What `to_text` writes `from_text` reads, and it needs no escaping in a URL or header."""
    text = to_text(raw)
    assert from_text(text) == raw
    assert not set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("text", ["QR", "QQ==", "Q", "QQ\n", "Q Q", "+/+/", "é", "QQ=", "=", "\x00"])
def test_base64url_text_in_another_spelling_is_refused(text: str) -> None:
    """One value has one spelling: whoever changes a character changes the value."""
    with pytest.raises(ValueError, match=r"\w"):
        from_text(text)


def test_a_signed_document_verifies_with_the_published_keys_alone() -> None:
    """A receipt can be checked by anyone who has `/.well-known/jwks.json`."""
    signer = Signer(random_key())
    keys = KeySet.import_key_set(signer.jwks())
    document = jws.deserialize_compact(signer.sign({"a": 1}, "test+jwt"), keys, algorithms=["Ed25519"])
    assert msgspec.json.decode(document.payload) == {"a": 1}
    assert document.headers() == {"alg": "Ed25519", "kid": signer.key_id, "typ": "test+jwt"}


def test_a_signed_document_that_was_changed_does_not_verify() -> None:
    """Not one claim can be changed."""
    signer = Signer(random_key())
    keys = KeySet.import_key_set(signer.jwks())
    header, _, signature = signer.sign({"a": 1}, "test+jwt").split(".")
    changed = to_text(msgspec.json.encode({"a": 2}))
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(f"{header}.{changed}.{signature}", keys, algorithms=["Ed25519"])


def test_the_published_keys_hold_no_secret() -> None:
    """Only the public half leaves the key file."""
    seed = random_key()
    published = Signer(seed).jwks()
    assert to_text(seed) not in msgspec.json.encode(published).decode()
    assert [set(key) for key in published["keys"]] == [{"kty", "crv", "x", "kid", "use", "alg"}]


def test_a_wrapped_key_unwraps_under_its_own_key_only() -> None:
    """A key of any length comes back whole; under another key, or changed, it does not."""
    wrapping = random_key()
    for length in (1, 16, 32, 45, 200):
        wrapped = wrap_key(wrapping, bytes(length))
        assert unwrap_key(wrapping, wrapped) == bytes(length)
        for other in (wrapped[:-1], wrapped[:-8], b"", bytes([wrapped[0] ^ 1]) + wrapped[1:]):
            with pytest.raises(KeyUnusable):
                unwrap_key(wrapping, other)
        with pytest.raises(KeyUnusable):
            unwrap_key(random_key(), wrapped)


def test_a_key_is_wrapped_as_rfc_5649_says() -> None:
    """The first example of RFC 5649, section 6."""
    wrapping = bytes.fromhex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
    raw = bytes.fromhex("c37b7e6492584340bed12207808941155068f738")
    wrapped = "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"
    assert wrap_key(wrapping, raw).hex() == wrapped
    assert unwrap_key(wrapping, bytes.fromhex(wrapped)) == raw


def test_what_an_older_version_sealed_opens_and_the_current_one_seals() -> None:
    """The version stands before the value, in an order in which older ones come first."""
    old, new, where = random_key(), random_key(), place()
    sealer = Sealer(old)
    before = sealer.seal(PLAIN, *where)
    sealer.hold({1: old, 2: new}, 2)
    after = sealer.seal(PLAIN, *where)
    assert before < sealer.prefix <= after
    assert [sealer.open(value, *where) for value in (before, after)] == [PLAIN, PLAIN]
    sealer.hold({2: new}, 2)
    with pytest.raises(SealBroken):
        sealer.open(before, *where)


def test_a_newer_version_is_looked_for_once_it_is_met() -> None:
    """Another process may seal under a key that this one has not read yet."""
    old, new, where = random_key(), random_key(), place()
    asked: list[int] = []

    def renew() -> None:
        asked.append(1)
        sealer.hold({1: old, 2: new}, 2)

    sealer = Sealer(old, renew=renew)
    sealed = Sealer(new, 2).seal(PLAIN, *where)
    assert [sealer.open(sealed, *where) for _ in range(2)] == [PLAIN, PLAIN]
    assert len(asked) == 1


def test_old_keys_stay_published_and_the_current_one_signs() -> None:
    """What was signed before a rotation verifies with the keys published after it, and so does what is signed then."""
    old, new = random_key(), random_key()
    signer = Signer(old)
    before, key_id = signer.sign({"a": 1}, "test+jwt"), signer.key_id
    signer.hold(new, [public_half(old)])
    after = signer.sign({"a": 2}, "test+jwt")
    keys = KeySet.import_key_set(signer.jwks())
    for document, named in ((before, key_id), (after, signer.key_id)):
        assert jws.deserialize_compact(document, keys, algorithms=["Ed25519"]).headers()["kid"] == named
    assert key_id != signer.key_id
    published = msgspec.json.encode(signer.jwks()).decode()
    assert not any(to_text(seed) in published for seed in (old, new))
