"""How identifiers are normalised, so that one person has one lookup (DESIGN section 4). Version 1 of the normalisers.

Nothing here echoes a value: whoever reads the problem knows what they sent.
"""

import unicodedata

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from service.kernel.crypto import Hasher, from_text, same, to_text
from service.policy.model import IdentifierKind
from service.subjects.model import IdentifierRefused

COOKIE_RANDOM_BYTES = 16
COOKIE_MAC_BYTES = 16


def normalise(kind: IdentifierKind, value: str, tokens: Hasher) -> str:
    """The one form of `value` that is hashed; raises `IdentifierRefused` naming the kind and the reason."""
    match kind.normaliser:
        case "email":
            return _email(kind, value)
        case "phone":
            return _phone(kind, value)
        case "cookie":
            return _cookie(kind, value, tokens)
        case "opaque":
            return _opaque(kind, value)


def new_cookie(random: bytes, tokens: Hasher) -> str:
    """A cookie value: 128 random bits and a MAC, so that an invented one is refused without a look-up."""
    return to_text(random + _cookie_mac(random, tokens))


def _cookie_mac(random: bytes, tokens: Hasher) -> bytes:
    return tokens.hash(b"cookie", random)[:COOKIE_MAC_BYTES]


def _cookie(kind: IdentifierKind, value: str, tokens: Hasher) -> str:
    try:
        raw = from_text(value)
    except ValueError:
        raise _refused(kind, "it was not issued by this service; ask POST /v1/cookies for one") from None
    random, mac = raw[:COOKIE_RANDOM_BYTES], raw[COOKIE_RANDOM_BYTES:]
    if len(random) != COOKIE_RANDOM_BYTES or not same(mac, _cookie_mac(random, tokens)):
        raise _refused(kind, "it was not issued by this service; ask POST /v1/cookies for one")
    return value


def _email(kind: IdentifierKind, value: str) -> str:
    """Case is folded and +tags are kept: two tags are two people until they say otherwise."""
    try:
        checked = validate_email(value.strip(), check_deliverability=False)
    except EmailNotValidError:
        raise _refused(kind, "it is not an e-mail address") from None
    return unicodedata.normalize("NFKC", checked.normalized).casefold()


def _phone(kind: IdentifierKind, value: str) -> str:
    """E.164; letters and extensions are refused, since they are dialled but not the number."""
    if any(character.isalpha() for character in value):
        raise _refused(kind, "letters and extensions are not part of a number")
    try:
        number = phonenumbers.parse(value, kind.region)
    except phonenumbers.NumberParseException:
        raise _refused(kind, "it is not a phone number") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise _refused(kind, "no such number can be dialled")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _opaque(kind: IdentifierKind, value: str) -> str:
    trimmed = value.strip()
    if not trimmed:
        raise _refused(kind, "it is empty")
    if len(trimmed) > kind.max_length:
        raise _refused(kind, f"it is longer than {kind.max_length} characters")
    return trimmed


def _refused(kind: IdentifierKind, reason: str) -> IdentifierRefused:
    return IdentifierRefused(f"This {kind.id} cannot be used: {reason}.")
