"""The token that says which text was shown, where and when."""

import msgspec
import pytest

from service.consent import presented
from service.kernel.crypto import Hasher, random_key, to_text
from service.policy.notice import Notice
from tests.unit.consent.saying import NOON

NOTICE = Notice(
    id="shop",
    version="1.0",
    major=1,
    minor=0,
    language="it",
    text="Testo",
    sha256="0" * 64,
    purposes=("analytics",),
    changes=("analytics",),
)


def test_a_token_says_what_was_shown() -> None:
    """Site, notice, version, language, digest of the text, and time."""
    tokens = Hasher(random_key())
    shown = presented.read(tokens, presented.issue(tokens, "shop", NOTICE, NOON))
    assert shown is not None
    assert (shown.site, shown.sha256, shown.served_at) == ("shop", NOTICE.sha256, NOON)
    assert (shown.notice.id, shown.notice.version, shown.notice.language) == ("shop", "1.0", "it")


def test_a_token_of_another_service_is_not_believed() -> None:
    """Only the key of this service makes one."""
    assert presented.read(Hasher(random_key()), presented.issue(Hasher(random_key()), "shop", NOTICE, NOON)) is None


def test_a_token_that_was_changed_is_not_believed() -> None:
    """Another version cannot be written into it."""
    tokens = Hasher(random_key())
    content, mac = presented.issue(tokens, "shop", NOTICE, NOON).split(".")
    other = presented.issue(tokens, "shop", msgspec.structs.replace(NOTICE, version="2.0"), NOON).split(".")[0]
    assert presented.read(tokens, f"{content}.{mac}") is not None
    assert presented.read(tokens, f"{other}.{mac}") is None


@pytest.mark.parametrize("token", ["", ".", "a", "é.é", "\x00", "e30.", f"{to_text(b'{}')}.{to_text(bytes(32))}"])
def test_what_is_no_token_is_not_believed(token: str) -> None:
    """Anything else is answered alike."""
    assert presented.read(Hasher(random_key()), token) is None
