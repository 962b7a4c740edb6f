"""Notices: read from their files, held against what Art. 13 asks of them, filled with the facts of the bundle (C5)."""

import re

from service.policy.load.files import Files
from service.policy.load.fill import Filler
from service.policy.load.forms import Forms, NoticeForm, NoticeText
from service.policy.load.mistakes import WHOLE, Mistakes, hint, key_path
from service.policy.load.words import LANGUAGES
from service.policy.notice import VERSION

NAME = re.compile(r"notices/([^/]+)/([^/]+)\.([^/.]+)\.md")
PLACEHOLDERS = {
    "controller": "who decides (Art. 13(1)(a) and (b))",
    "purposes": "the purposes and their legal bases (Art. 13(1)(c))",
    "data": "which data are kept",
    "recipients": "who receives data (Art. 13(1)(e))",
    "retention": "how long data are kept (Art. 13(2)(a))",
    "transfers": "whether data leave the EEA (Art. 13(1)(f))",
    "withdraw": "how to withdraw consent (Art. 13(2)(c))",
    "complain": "where to complain (Art. 13(2)(d))",
}
PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
_FRONT = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)


def read(filler: Filler, files: Files, mistakes: Mistakes) -> dict[str, NoticeText]:
    """Every text of every notice, by file."""
    read_texts: dict[str, NoticeText] = {}
    for file in sorted(files):
        if (name := NAME.fullmatch(file)) and (text := _text(filler, file, name, files[file], mistakes)):
            read_texts[file] = text
    return read_texts


def _text(filler: Filler, file: str, name: re.Match[str], content: str, mistakes: Mistakes) -> NoticeText | None:
    if not VERSION.fullmatch(name[2]):
        mistakes.add(file, "name", "the file is not named <version>.<language>.md with a version such as 1.0")
    elif name[3] not in LANGUAGES:
        mistakes.add(file, "name", f"this service does not write in that language; {hint(name[3], LANGUAGES)}")
    front = _FRONT.match(content)
    if front is None:
        mistakes.add_unusable(
            file, "line 1", "start with a line ---, a line purposes = [...], a line ---, then the text"
        )
        return None
    form = filler.fill(NoticeForm, file, front[1], before=1)
    text = content[front.end() :].strip()
    return NoticeText(
        id=name[1], version=name[2], language=name[3], purposes=form.purposes, changes=form.changes, text=text
    )


def check(forms: Forms, mistakes: Mistakes) -> None:
    """Note what a notice lacks, and where its versions and languages do not agree."""
    for file, notice in forms.notices.items():
        if not notice.purposes:
            mistakes.add(file, "purposes", "names no purpose; list those that the text asks about")
        used = set(PLACEHOLDER.findall(notice.text))
        for name in PLACEHOLDERS.keys() - used:
            mistakes.add(file, key_path("text", name), f"the placeholder {{{name}}} is missing: {PLACEHOLDERS[name]}")
        for name in used - PLACEHOLDERS.keys():
            mistakes.add(file, key_path("text", name), f"there is no such placeholder; {hint(name, PLACEHOLDERS)}")
    _check_changes(forms, mistakes)
    _check_languages(forms, mistakes)
    _check_agreement(forms, mistakes)


def _check_changes(forms: Forms, mistakes: Mistakes) -> None:
    """A major version changes purposes that it names; a minor version changes none (C6)."""
    for file, notice in forms.notices.items():
        if notice.changes is None or mistakes.touched(file, "name"):
            continue
        if notice.minor:
            message = "a minor version changes no processing; leave this out, or give the text a new major number"
            mistakes.add(file, "changes", message)
        elif not notice.changes:
            mistakes.add(file, "changes", "names no purpose; a version that changes none gets a new minor number")
        for place, purpose in enumerate(notice.changes):
            if purpose not in notice.purposes and not mistakes.touched(file, "purposes"):
                message = f"the notice does not name this purpose; {hint(purpose, notice.purposes)}"
                mistakes.add(file, f"changes[{place}]", message)


def _check_languages(forms: Forms, mistakes: Mistakes) -> None:
    """The newest version exists in every language of each site that shows it; no text is in a language of no site."""
    for site_id, site in forms.sites.site.items():
        of_site = [notice for notice in forms.notices.values() if notice.id == site.notice]
        if not of_site:
            continue
        newest = max(of_site, key=_number).version
        present = {notice.language for notice in of_site if notice.version == newest}
        for language in set(site.languages) & LANGUAGES - present:
            file = f"notices/{site.notice}/{newest}.{language}.md"
            mistakes.add(file, WHOLE, f"is missing; the site {site_id} shows this notice in that language")
    spoken = {language for site in forms.sites.site.values() for language in site.languages}
    if not spoken <= LANGUAGES or not spoken:
        return
    for file, notice in forms.notices.items():
        if notice.language not in spoken:
            mistakes.add(file, "name", "no site has the language of this text; add it to one or leave the file out")


def _check_agreement(forms: Forms, mistakes: Mistakes) -> None:
    first: dict[tuple[str, str], tuple[str, NoticeText]] = {}
    for file, notice in forms.notices.items():
        if mistakes.touched(file, "purposes") or mistakes.touched(file, "name"):
            continue
        other, text = first.setdefault((notice.id, notice.version), (file, notice))
        if set(text.purposes) != set(notice.purposes):
            mistakes.add(file, "purposes", f"are not those of {other}; one version asks the same in every language")
        elif set(text.changed) != set(notice.changed):
            mistakes.add(file, "changes", f"are not those of {other}; one version changes the same in every language")


def _number(text: NoticeText) -> tuple[int, int]:
    form = VERSION.fullmatch(text.version)
    return (int(form[1]), int(form[2])) if form else (-1, -1)


def filled(notice: NoticeText, facts: dict[str, str]) -> str:
    """The exact text that is shown, each placeholder replaced by the facts."""
    return PLACEHOLDER.sub(lambda found: facts[found[1]], notice.text)
