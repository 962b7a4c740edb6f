"""What a request says, once checked against the bundle: the events it will become, or why it cannot be recorded."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from service.consent import presented, rules
from service.consent.model import (
    COLLECTED_ELSEWHERE,
    NOT_AN_ACT,
    Choice,
    ConsentState,
    Method,
    NoticeShown,
    NoticeSuperseded,
    Question,
    QuestionRefused,
    Record,
    RecordRefused,
    Said,
    Status,
    Withdrawal,
)
from service.consent.presented import Presented
from service.kernel.auth import Principal
from service.kernel.crypto import Hasher
from service.kernel.problem import Fault, Forbidden
from service.ledger.rules import instant
from service.policy.model import Bundle, LegalBasis, Site
from service.policy.notice import VERSION, Notice, of_elsewhere
from service.subjects.model import Lookup

GUARDIAN = "guardian (Art. 8)"
"""Where sealed evidence names the guardian; sites.toml cannot declare a key with a space, so that it is never taken."""


FUTURE = "lies in the future; check the clock of the server that sent it"


class Statement(Struct, frozen=True):
    """What a person says about purposes. `statuses` is None for a withdrawal of whatever they once decided.

    `served_at`: when we served the notice to a browser; `brings_text`: it is a text of elsewhere, which no bundle has.
    """

    bundle: Bundle
    site: str
    notice: Notice
    statuses: Mapping[str, Status] | None
    method: Method
    browser: bool
    gpc: bool = False
    served_at: datetime | None = None
    collected_at: datetime | None = None
    evidence: Mapping[str, object] | None = None
    minor: bool = False
    guardian_verified: bool = False
    brings_text: bool = False

    def events(
        self, states: Mapping[str, ConsentState], recorded_at: datetime, new_id: Callable[[], UUID]
    ) -> list[Said]:
        """The events to append; raises `RecordRefused` for a decision that a server dates in the future.

        A purpose that rests on another basis, and always did for this person, holds no consent to withdraw.
        """
        statuses = self.statuses
        if statuses is None:
            statuses = {p: Status.WITHDRAWN for p, s in states.items() if s.status is not Status.WITHDRAWN}
        return [
            self._event(purpose, status, recorded_at, new_id())
            for purpose, status in statuses.items()
            if purpose in states or self.bundle.purposes[purpose].legal_basis is LegalBasis.CONSENT
        ]

    def _event(self, purpose: str, status: Status, recorded_at: datetime, entry_id: UUID) -> Said:
        effective_at = rules.takes_effect(status, self.method, self.collected_at, recorded_at, served_at=self.served_at)
        if effective_at is None:
            raise _refused("$.collected_at", FUTURE)
        known = self.bundle.purposes.get(purpose)
        return Said(
            entry_id=entry_id,
            purpose=purpose,
            status=status,
            effective_at=effective_at,
            recorded_at=recorded_at,
            valid_until=rules.expires(known, status, effective_at) if known else None,
            notice_id=self.notice.id,
            notice_version=self.notice.version,
            gpc=self.gpc,
            guardian_missing=self.minor and not self.guardian_verified,
        )

    def facts(self, event: Said) -> dict[str, Any]:
        """What the ledger commits to, beside ids and times; a withdrawal names no text, since none was shown."""
        text = (
            {} if event.status is Status.WITHDRAWN else {"language": self.notice.language, "sha256": self.notice.sha256}
        )
        return {
            "purpose": event.purpose,
            "status": event.status.value,
            "site": self.site,
            "notice": {"id": self.notice.id, "version": self.notice.version, **text},
            "method": self.method.value,
            "collected_at": instant(self.collected_at) if self.collected_at else None,
            "valid_until": instant(event.valid_until) if event.valid_until else None,
            "gpc": event.gpc,
            "bundle": self.bundle.digest,
            **({"minor": True, "guardian_verified": self.guardian_verified} if self.minor else {}),
        }


def recordable(
    record: Record,
    caller: Principal,
    bundle: Bundle,
    tokens: Hasher,
    now: datetime,
    *,
    guardian: Lookup | None = None,
) -> Statement:
    """What a record says; raises `RecordRefused` with every reason at once, `NoticeSuperseded`, or `Forbidden`.

    `guardian` is the lookup of whom the record names as such.
    """
    site = _site_of(record.site, caller, bundle)
    notice = _notice_of(record, caller, bundle, site)
    shown = presented.read(tokens, record.presented) if record.presented is not None else None
    faults = [
        *_faults(record, bundle, notice, site),
        *_method_faults(record, caller),
        *_time_faults(record, caller, now),
        *_guardian_faults(record, caller),
        *_presented_faults(record, caller, shown, notice),
    ]
    if faults:
        raise RecordRefused("Nothing was recorded.", faults=faults)
    return Statement(
        bundle=bundle,
        site=site.id,
        notice=notice,
        statuses={purpose: Status(choice.value) for purpose, choice in record.decisions.items()},
        method=record.method,
        browser=caller.kind == "browser",
        gpc=record.gpc,
        served_at=shown.served_at if shown and caller.kind == "browser" else None,
        collected_at=record.collected_at,
        evidence=_evidence(record, guardian),
        minor=record.minor,
        guardian_verified=record.guardian is not None,
        brings_text=record.notice_text is not None,
    )


def withdrawable(withdrawal: Withdrawal, caller: Principal, bundle: Bundle) -> Statement:
    """What a withdrawal says; raises `RecordRefused` or `Forbidden`. It asks for no more than a grant (Art. 7(3))."""
    site = _site_of(withdrawal.site, caller, bundle)
    purposes = withdrawal.purposes
    if purposes != "all" and any(purpose not in bundle.purposes for purpose in purposes):
        raise _refused("$.purposes", _known(bundle))
    return Statement(
        bundle=bundle,
        site=site.id,
        notice=bundle.current_notice(site.notice, site.languages[0]),
        statuses=None if purposes == "all" else dict.fromkeys(purposes, Status.WITHDRAWN),
        method=Method.API,
        browser=caller.kind == "browser",
    )


def asked(question: Question, bundle: Bundle, now: datetime) -> Sequence[str]:
    """The purposes of a question; raises `QuestionRefused`: an empty or unknown one is never "allowed".

    Neither is one about what will be known: nobody knows that (C24).
    """
    # 0. No purpose asked
    if not question.purposes:
        raise QuestionRefused("Nothing was asked.", faults=[Fault("$.purposes", "name at least one purpose")])
    # 1. A purpose unknown to the bundle
    if not all(map(bundle.purposes.__contains__, question.purposes)):
        raise QuestionRefused("A purpose is unknown.", faults=[Fault("$.purposes", _known(bundle))])
    if question.known_at is not None and question.known_at > now + rules.CLOCK_SKEW:
        future = "lies in the future; ask what is known by leaving it out, and what will hold then with `at`"
        raise QuestionRefused("What will be known is not known yet.", faults=[Fault("$.known_at", future)])
    return question.purposes


def _site_of(site_id: str, caller: Principal, bundle: Bundle) -> Site:
    site = bundle.sites.get(site_id)
    if site is None:
        raise _refused("$.site", "unknown; sites.toml of the active bundle lists the sites")
    if caller.site is not None and caller.site != site.id:
        raise Forbidden("A publishable key works for its own site only.")
    return site


def _notice_of(record: Record, caller: Principal, bundle: Bundle, site: Site) -> Notice:
    """The text that was shown; raises `RecordRefused` for one that the site never had.

    Whoever asks now must show the current major version (C7). An import may rest on an old one, or on a text of
    elsewhere that counts as a version: the check knows what that is still worth (C6).
    """
    imported = record.method is Method.IMPORT and caller.kind == "server"
    if record.notice_text is not None:
        return _text_of_elsewhere(record.notice, record.notice_text, bundle, site, imported=imported)
    notice = bundle.notice(record.notice.id, record.notice.version, record.notice.language)
    if notice is None or notice.id != site.notice:
        raise _refused("$.notice", "this site has no such notice; GET /v1/notices/{site} shows the one to use")
    if bundle.superseded(notice.id, notice.version) and not imported:
        raise NoticeSuperseded("Show the current notice (GET /v1/notices/{site}) and ask again; nothing was recorded.")
    return notice


def _text_of_elsewhere(shown: NoticeShown, text: str, bundle: Bundle, site: Site, *, imported: bool) -> Notice:
    """A text that the bundle never had, for the purposes of the site's notice of today."""
    if not imported:
        raise _refused("$.notice_text", "comes with an import by a server only; show a notice of the site instead")
    if shown.id != site.notice:
        raise _refused("$.notice.id", f"say which notice of the site the text stands for: {site.notice}")
    current = bundle.current_notice(site.notice, site.languages[0])
    form = VERSION.fullmatch(shown.version)
    if form is None or int(form[1]) > current.major:
        counts_as = f"say as which version the text counts, at most {current.major}.x; 0.0 is older than all"
        raise _refused("$.notice.version", counts_as)
    return of_elsewhere(shown.id, shown.version, shown.language, text, current.purposes)


def _time_faults(record: Record, caller: Principal, now: datetime) -> list[Fault]:
    """What a server dates in the future by the clock of this process; the last word has that of the database."""
    if caller.kind == "browser" or rules.takes_effect(
        Status.GIVEN, record.method, record.collected_at, now, served_at=None
    ):
        return []
    return [Fault("$.collected_at", FUTURE)]


def _faults(record: Record, bundle: Bundle, notice: Notice, site: Site) -> list[Fault]:
    faults: list[Fault] = []
    if any(purpose not in bundle.purposes for purpose in record.decisions):
        faults.append(Fault("$.decisions", _known(bundle)))
    elif any(purpose not in notice.purposes for purpose in record.decisions):
        faults.append(Fault("$.decisions", f"the notice names only: {', '.join(notice.purposes)}"))
    elif any(bundle.purposes[purpose].legal_basis is not LegalBasis.CONSENT for purpose in record.decisions):
        faults.append(Fault("$.decisions", "a purpose on another legal basis is not up for consent; leave it out"))
    if record.evidence and not set(record.evidence) <= set(site.evidence):
        faults.append(
            Fault("$.evidence", f"sites.toml declares for this site: {', '.join(site.evidence) or 'nothing'}")
        )
    return faults


def _method_faults(record: Record, caller: Principal) -> list[Fault]:
    if record.method in COLLECTED_ELSEWHERE and caller.kind == "browser":
        return [Fault("$.method", "was not collected on a page; only a server can say so, with a secret key")]
    if record.method in NOT_AN_ACT and Choice.GIVEN in record.decisions.values():
        return [Fault("$.method", "is no clear affirmative act and cannot carry a grant (Recital 32)")]
    return []


def _guardian_faults(record: Record, caller: Principal) -> list[Fault]:
    """A page cannot say that it verified anyone: whoever sits before it may be the child (Art. 8(2))."""
    if record.guardian is None:
        alone = record.minor and Choice.GIVEN in record.decisions.values()
        message = "a grant below the age of consent needs a verified guardian (Art. 8)"
        return [Fault("$.minor", message)] if alone else []
    if not record.minor:
        return [Fault("$.guardian", "belongs to a minor; leave it out, or say `minor: true`")]
    if caller.kind == "browser":
        return [Fault("$.guardian", "only a server can say that it verified a guardian; record it with a secret key")]
    return []


def _evidence(record: Record, guardian: Lookup | None) -> Mapping[str, object] | None:
    if record.guardian is None or guardian is None:
        return record.evidence
    named = {"kind": guardian.kind, "value": guardian.normalised, "verified_by": record.guardian.verified_by}
    return {**(record.evidence or {}), GUARDIAN: named}


def _presented_faults(record: Record, caller: Principal, shown: Presented | None, notice: Notice) -> list[Fault]:
    if record.presented is None:
        missing = "send back the token of GET /v1/notices/{site}, which says what was shown"
        return [Fault("$.presented", missing)] if caller.kind == "browser" else []
    if shown is None or (shown.site, shown.notice, shown.sha256) != (record.site, record.notice, notice.sha256):
        return [Fault("$.presented", "does not belong to this notice; show the notice again and send its token")]
    return []


def _known(bundle: Bundle) -> str:
    return f"unknown purpose; the active bundle has: {', '.join(sorted(bundle.purposes))}"


def _refused(path: str, message: str) -> RecordRefused:
    return RecordRefused("Nothing was recorded.", faults=[Fault(path, message)])
