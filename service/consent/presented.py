"""The `presented` token: which text was served, where and when, so that a record can be bound to it (Art. 7(1))."""

from datetime import datetime

import msgspec
from msgspec import Struct

from service.consent.model import NoticeShown
from service.kernel.crypto import Hasher, from_text, same, to_text
from service.policy.notice import Notice


class Presented(Struct, frozen=True):
    """What was served."""

    site: str
    notice: NoticeShown
    sha256: str
    served_at: datetime


def issue(tokens: Hasher, site: str, notice: Notice, now: datetime) -> str:
    """The token that a browser sends back when it records."""
    shown = NoticeShown(id=notice.id, version=notice.version, language=notice.language)
    content = msgspec.json.encode(Presented(site=site, notice=shown, sha256=notice.sha256, served_at=now))
    return f"{to_text(content)}.{to_text(tokens.hash(b'presented', content))}"


def read(tokens: Hasher, token: str) -> Presented | None:
    """What the token says; None for one that this service did not issue."""
    content_text, _, mac_text = token.partition(".")
    try:
        content, mac = from_text(content_text), from_text(mac_text)
    except ValueError:
        return None
    return msgspec.json.decode(content, type=Presented) if same(mac, tokens.hash(b"presented", content)) else None
