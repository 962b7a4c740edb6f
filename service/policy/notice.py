"""The nouns of a notice: its texts, by version and language, and how one of them is meant."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
"""The form of a notice's version, `major.minor`."""
SHA256 = re.compile(r"[0-9a-f]{64}")
MOST_VERSIONS = 1024
"""Versions of notices of which is remembered what still holds of them."""


class Notice(Struct, frozen=True, forbid_unknown_fields=True):
    """The text shown, in one version and language (Art. 13). `sha256` is the hex digest of the text's UTF-8 bytes.

    `changes`: the purposes whose processing is another since the version before; none for a minor version.
    """

    id: str
    version: str
    major: int
    minor: int
    language: str
    text: str
    sha256: str
    purposes: tuple[str, ...]
    changes: tuple[str, ...]


def of_elsewhere(notice_id: str, version: str, language: str, text: str, purposes: Sequence[str]) -> Notice:
    """A text that was shown elsewhere, as the version of a notice that it counts as; raises ValueError for none."""
    form = VERSION.fullmatch(version)
    if form is None:
        raise ValueError("not a version of a notice")
    return Notice(
        id=notice_id,
        version=version,
        major=int(form[1]),
        minor=int(form[2]),
        language=language,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        purposes=tuple(purposes),
        changes=(),
    )


class Edition(Struct, frozen=True):
    """Which text of a notice is meant; what is None may be any."""

    version: str | None
    language: str | None
    sha256: str | None

    def fits(self, notice: Notice) -> bool:
        """Whether a text is the one that is meant."""
        wanted = (self.version, self.language, self.sha256)
        found = (notice.version, notice.language, notice.sha256)
        return all(want in (None, have) for want, have in zip(wanted, found, strict=True))


def holding(notices: Mapping[str, Sequence[Notice]], purposes: Iterable[str]) -> Callable[[str, str], frozenset[str]]:
    """Of some purposes those for which what was said on a version of a notice holds; answers are remembered."""
    all_of_them = frozenset(purposes)

    @lru_cache(maxsize=MOST_VERSIONS)
    def of(notice_id: str, version: str) -> frozenset[str]:
        return all_of_them.intersection(*_kept_since(notices.get(notice_id, ()), version))

    return of


def _kept_since(texts: Sequence[Notice], version: str) -> list[Iterable[str]]:
    """For each later major version the purposes that it neither changed nor dropped.

    Of one that is not among the texts nobody can say what it changed: it changed everything.
    """
    kept = {text.major: set(text.purposes) - set(text.changes) for text in texts if text.minor == 0}
    form = VERSION.fullmatch(version)
    later = range(int(form[1]) + 1 if form else 0, max((text.major for text in texts), default=0) + 1)
    return [kept.get(major, ()) for major in later]
