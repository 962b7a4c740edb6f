"""What a change of bundle does to what people have said: the checks of `consent.rules`, before it is in force."""

from collections.abc import Iterator

from service.consent.asking.model import Concerned, Effect, Group, Standings
from service.consent.model import Status
from service.policy.model import Bundle, LegalBasis, Purpose


def effects(old: Bundle, new: Bundle, standings: Standings | None) -> Iterator[Concerned]:
    """For each purpose whether somebody must be asked, or is no longer asked.

    `ask_again`: a major version of the notice changed what people had said yes to (C6). `ask`: the purpose rests on
    consent, and did not. `unasked`: data, recipients or retention are others, and no major version says so. `no_stays`:
    the purpose rests on consent no longer, and every no holds all the same (C18). `ends`: the purpose is gone.
    """
    for purpose in sorted(old.purposes.keys() | new.purposes.keys()):
        effect = _effect(old, new, purpose)
        if effect is not None:
            yield Concerned(purpose, effect, _people(old, new, purpose, effect, standings) if standings else None)


def _effect(old: Bundle, new: Bundle, purpose: str) -> Effect | None:
    before, after = old.purposes.get(purpose), new.purposes.get(purpose)
    if after is None:
        return "ends"
    if not _asks(after):
        return "no_stays" if before and _asks(before) else None
    if before is None or not _asks(before):
        return "ask"
    versions = {(text.id, text.version) for texts in old.notices.values() for text in texts}
    if any(_ends(old, new, notice, version, purpose) for notice, version in versions):
        return "ask_again"
    return "unasked" if _processing(before) != _processing(after) else None


def _people(old: Bundle, new: Bundle, purpose: str, effect: Effect, standings: Standings) -> int:
    groups = [group for group in standings.groups if group.purpose == purpose]
    given = [group for group in groups if group.status is Status.GIVEN]
    match effect:
        case "ask_again":
            return _sum(g for g in given if _ends(old, new, g.notice_id, g.notice_version, purpose))
        case "ask":
            holds = _sum(g for g in given if not new.invalidated(g.notice_id, g.notice_version, purpose))
            return standings.people - holds
        case "no_stays":
            return _sum(group for group in groups if group.status is not Status.GIVEN)
        case "unasked" | "ends":
            return _sum(given)


def _asks(purpose: Purpose) -> bool:
    return purpose.legal_basis is LegalBasis.CONSENT


def _ends(old: Bundle, new: Bundle, notice: str, version: str, purpose: str) -> bool:
    """Whether what was said on a version held until now, and does not any more."""
    return new.invalidated(notice, version, purpose) and not old.invalidated(notice, version, purpose)


def _processing(purpose: Purpose) -> tuple[object, ...]:
    """What a person has said yes to, beside the words of the text."""
    return set(purpose.data), set(purpose.recipients), purpose.retention_days


def _sum(groups: Iterator[Group] | list[Group]) -> int:
    return sum(group.people for group in groups)
