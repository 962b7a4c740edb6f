"""The words of letters."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from service.policy.model import Bundle
from service.rights.letters import FILES
from service.rights.letters.model import Facts, Kind
from service.rights.model import RightsRequest

LANGUAGES = ("en", "it")


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The sentences of one language, by what they are about."""

    greeting: str
    complaint: str
    closing: str
    months: tuple[str, ...]
    rights: Mapping[str, str]
    subjects: Mapping[str, str]
    texts: Mapping[str, str]
    done: Mapping[str, str]
    exceptions: Mapping[str, str]
    refusals: Mapping[str, str]

    def day(self, moment: datetime) -> str:
        """A date as it is read."""
        return f"{moment.day} {self.months[moment.month - 1]} {moment.year}"


@cache
def words_in(language: str) -> Words:
    """The words of a language in which letters are written."""
    return msgspec.convert(tomllib.loads(FILES.joinpath(f"{language}.toml").read_text(encoding="utf-8")), Words)


def spoken(wanted: str) -> str:
    """The language of a letter: the one wanted, or English."""
    asked = wanted.partition("-")[0]
    return asked if asked in LANGUAGES else LANGUAGES[0]


def written(request: RightsRequest, kind: Kind, facts: Facts, bundle: Bundle) -> tuple[str, str]:
    """Subject and text of a letter. What others wrote is put in as it is; nothing of it is read as a template."""
    words, controller, zone = words_in(spoken(request.language)), bundle.controller, ZoneInfo(bundle.contact.time_zone)
    given = {
        "right": words.rights[request.right.value],
        "received": words.day(request.received_at.astimezone(zone)),
        "due": words.day(request.due_at.astimezone(zone)),
        "number": str(request.request_id),
        "done": words.done[request.right.value],
        "refusal": words.refusals[request.refusal.value] if request.refusal else "",
        "complaint": words.complaint.format(authority=controller.authority),
        "silent": words.exceptions["silent"] if facts.silent else "",
        "held": words.exceptions["held"].format(day=words.day(facts.held.astimezone(zone))) if facts.held else "",
        "code": facts.code,
        "reason": facts.reason,
        "link": facts.link,
        "day": words.day(facts.at.astimezone(zone)) if facts.at else "",
        "time": f"{facts.at.astimezone(zone):%H:%M}" if facts.at else "",
    }
    closing = words.closing.format(
        controller=controller.name, contact=controller.rights_contact or controller.contact, dpo=controller.dpo
    )
    text = words.texts[kind.value].format_map(given)
    return words.subjects[kind.value].format_map(given), f"{words.greeting}\n\n{_tidy(text)}\n\n{closing.strip()}\n"


def _tidy(text: str) -> str:
    """Without the gaps that nothing to say leaves."""
    parts = (part.strip() for part in text.split("\n\n"))
    return "\n\n".join(part for part in parts if part)
