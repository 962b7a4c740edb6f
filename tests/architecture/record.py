"""The record of processing (Art. 30): what the bundle says of purposes and recipients, and the tags of data."""

from collections.abc import Iterable, Iterator, Sequence

from service.kernel.datamap import DataMap
from service.policy.model import Bundle, LegalBasis, Purpose
from service.rights.retention.schedule import SCHEDULE, Until

ABOUT = """\
## Record of processing

What Art. 30(1) asks for, of the bundle that ships, which is that of a fictional shop. Each fact comes from where the
service takes it too: purposes, recipients and days from the bundle, categories of data and their fate from the comments
of the catalogue, times from the schedule that retention follows."""
ARTICLE = dict(zip(LegalBasis, "abcdef", strict=True))
KEPT = {"touchpoints": "contacts with the shop", "decisions": "which offer was shown, and why", "profile": "profile"}
ROLE = {"processor": "processor (Art. 28)", "own": "the controller's own", "third_party": "third party"}
SECURITY = """\
### How it is secured (Art. 30(1)(g), 32(1))

* Identifiers are stored as keyed hashes, and sealed (AES-256-GCM) under a key of each person's own. Keys lie apart from
  the database and from its backups, and are destroyed with the person: [operating keys](operating-keys.md).
* Recipients get pseudonyms of their own, which share nothing.
* What happened is kept in a ledger that is only added to and can be checked from outside:
  [checking the ledger](checking-the-ledger.md).
* Access is by keys and logins with scopes; an officer who reads somebody's data leaves an entry in the ledger. Roles of
  the database separate serving, working and erasing: [hardening](hardening.md).
* What was considered, and what was not, is in the [threat model](threat-model.md)."""

Rows = Iterable[Sequence[str]]


def parts(datamap: DataMap, bundle: Bundle) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """The tables of the record: a heading with what it says, the head, and the rows."""
    controller = bundle.controller
    facts = [
        ("controller", controller.name),
        ("contact", controller.contact),
        ("data protection officer", controller.dpo),
        ("for requests of people", controller.rights_contact),
        ("supervisory authority", controller.authority),
    ]
    yield "### Who decides (Art. 30(1)(a))", ["", ""], facts
    head = ["purpose", "what for", "legal basis", "data", "kept", "recipients"]
    yield "### Why (Art. 30(1)(b))", head, [_purpose(purpose) for purpose in bundle.purposes.values()]
    kinds = ", ".join(bundle.identifier_kinds)
    people = [("visitors and customers of the sites", f"by {kinds}"), ("privacy officers", "by their login")]
    yield "### Of whom (Art. 30(1)(c))", ["people", "how they are known"], people
    yield "### Which data (Art. 30(1)(c))", ["category", "tables"], _categories(datamap)
    recipients = [
        (f"`{r.id}`", _words(r.title), ROLE[r.role], r.country, (r.transfer_basis or "").replace("_", " "))
        for r in bundle.recipients.values()
    ]
    head = ["recipient", "who", "as", "country", "transfer allowed by (Art. 44 ff.)"]
    yield "### Who else receives it (Art. 30(1)(d) and (e))", head, recipients
    yield "### Until when (Art. 30(1)(f))", ["until", "which"], _times(bundle)


def _purpose(purpose: Purpose) -> Sequence[str]:
    basis = f"{purpose.legal_basis.value.replace('_', ' ')} (Art. 6(1)({ARTICLE[purpose.legal_basis]}))"
    data = ", ".join(KEPT[kind] for kind in purpose.data)
    return (
        f"`{purpose.id}`",
        _words(purpose.title),
        basis,
        data or "consent and identifier",
        f"{purpose.retention_days} days",
        ", ".join(f"`{recipient}`" for recipient in purpose.recipients),
    )


def _words(text: object) -> str:
    assert isinstance(text, dict)
    return text.get("en") or next(iter(text.values()))


def _categories(datamap: DataMap) -> Rows:
    places: dict[str, list[str]] = {}
    for table in datamap.tables:
        for category in dict.fromkeys(column.category for column in table.personal):
            places.setdefault(category or "", []).append(f"`{table.name}`")
    return [(category, ", ".join(tables)) for category, tables in sorted(places.items())]


def _times(bundle: Bundle) -> Rows:
    retention = bundle.retention
    days = {
        "retention.inactive-subjects": retention.inactive_subjects,
        "retention.closed-requests": retention.closed_requests,
        "retention.consent-proof": retention.consent_proof,
        "retention.suppressions": retention.suppressions,
    }
    for until in Until:
        told = until.value
        for name, number in days.items():
            told = told.replace(f"`{name}`", f"{number} days")
        which = [f"`{name}`" for name, stay in SCHEDULE.items() if stay.until is until]
        if which:
            yield told, ", ".join(which)


def until(table: str) -> str:
    """Until when the rows of a table stay, in a sentence."""
    stay = SCHEDULE.get(table)
    if stay is None:
        return ""
    if stay.until is Until.NEVER:
        return f"Rows stay for ever: {stay.why}."
    return f"Rows go {stay.until.value}{f'; {stay.why}' if stay.why else ''}."
