"""The people that the measurements are about: rows as the service would have written them, copied in batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from service.cli.credentials import Credentials
from service.consent import rules as consent_rules
from service.consent.model import Choice, ConsentState, Method, NoticeShown, Record, Said, Standing, Status, Withdrawal
from service.consent.recording import CONSENT
from service.consent.statement import Statement, recordable, withdrawable
from service.consent.verdicts import permissions
from service.journey.rules import TOUCHPOINTS
from service.kernel.auth import SERVER_SCOPES, Principal
from service.kernel.database import Database
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle
from service.subjects.commands import Subjects
from service.subjects.keyring import Keyring
from service.subjects.keys.commands import SubjectKeys
from service.subjects.keys.model import Seals
from service.subjects.model import Identifier, Lookup

SITE = "shop"
KIND = "customer_id"
NAME = "benchmark-%d"
PURPOSES = ("personalization", "analytics")
CALLER = Principal(kind="server", principal_id="benchmark", scopes=SERVER_SCOPES)

REFUSE = range(7, 10)
"""Of ten people these refuse; the others consent, and one of them withdraws later."""
WITHDRAWS = 6
TOUCHED_EACH = 5
"""Every fifth person consents and has touchpoints; drive.lua counts on it."""
TOUCHPOINTS_EACH = 8

DECIDED_BEFORE = timedelta(days=60)
WITHDREW_AFTER = timedelta(days=30)
TOUCHED_BEFORE = timedelta(days=20)
TOUCHED_EVERY = timedelta(hours=55)
REPORTED_AFTER = timedelta(seconds=2)

BATCH = 1000
COLUMNS: Mapping[str, Sequence[str]] = {
    "lookups": ("lookup", "subject_id", "kind", "key_version", "sealed", "created_at"),
    "subjects": ("subject_id", "created_at", "revision"),
    "ledger_entries": (
        *("subject_id", "entry_id", "kind", "effective_at", "recorded_at"),
        *("payload", "evidence", "salt", "commitment"),
    ),
    "consent_state": ("subject_id", *ConsentState.__struct_fields__),
    "touchpoints": ("subject_id", "touchpoint_id", "event", "channel", "occurred_at", "recorded_at", "purposes"),
}

Rows = dict[str, list[tuple[Any, ...]]]


class People:
    """Makes the rows of people by number, through the rules by which the service would have made them."""

    def __init__(self, keyring: Keyring, bundle: Bundle, now: datetime) -> None:
        self._bundle = bundle
        self._keyring = keyring
        self._policy = ActivePolicy(bundle)
        self._now = now
        self._gives = self._statement(keyring, Choice.GIVEN)
        self._refuses = self._statement(keyring, Choice.REFUSED)
        self._withdraws = withdrawable(Withdrawal(purposes="all", site=SITE), CALLER, bundle)
        self._contacts = self._kinds_of_contact()

    def _statement(self, keyring: Keyring, choice: Choice) -> Statement:
        site = self._bundle.sites[SITE]
        notice = self._bundle.current_notice(site.notice, site.languages[0])
        record = Record(
            site=SITE,
            decisions=dict.fromkeys(PURPOSES, choice),
            notice=NoticeShown(id=notice.id, version=notice.version, language=notice.language),
            method=Method.FORM,
        )
        return recordable(record, CALLER, self._bundle, keyring.token, self._now)

    def _kinds_of_contact(self) -> list[tuple[str, str]]:
        """An event and a channel for each rule of the default journey."""
        journey = self._bundle.journeys[self._bundle.default_journey]
        anywhere = next(iter(self._bundle.channels))
        return [(rule.event, rule.channel or anywhere) for rule in journey.rules]

    async def begin(self, keyring: Database) -> None:
        """Let the keys of these people count in a keyring's database where no service has started yet."""
        await SubjectKeys(keyring, self._keyring).begin()

    async def rows(self, numbers: range, keyring: Database) -> Rows:
        """The rows of these people, by table; their keys are in the keyring's database then."""
        subjects = Subjects(self._keyring, self._policy, SubjectKeys(keyring, self._keyring))
        rows: Rows = {table: [] for table in COLUMNS}
        ids = [new_id() for _ in numbers]
        seals = await subjects.keys.create(ids)
        for number, subject_id in zip(numbers, ids, strict=True):
            lookup = subjects.lookup(Identifier(kind=KIND, value=NAME % number))
            self._add(rows, number, subject_id, lookup, seals)
        return rows

    def _add(self, rows: Rows, number: int, subject_id: UUID, lookup: Lookup, seals: Seals) -> None:
        decided_at = self._now - DECIDED_BEFORE + timedelta(seconds=number % 86_400)
        sealed = seals.seal("lookups", "sealed", subject_id, lookup.normalised.encode())
        rows["lookups"].append((lookup.hash, subject_id, lookup.kind, lookup.key_version, sealed, decided_at))
        said: list[Said] = []
        records = self._records(number, decided_at)
        for statement, recorded_at in records:
            events = statement.events(consent_rules.fold(said), recorded_at, new_id)
            rows["ledger_entries"] += [_entry(statement, subject_id, event) for event in events]
            said += events
        states = consent_rules.fold(said)
        rows["subjects"].append((subject_id, decided_at, len(records)))
        rows["consent_state"] += [(subject_id, *_values(state)) for state in states.values()]
        if number % TOUCHED_EACH == 0:
            rows["touchpoints"] += self._touchpoints(number, subject_id, states)

    def _records(self, number: int, decided_at: datetime) -> list[tuple[Statement, datetime]]:
        if number % 10 in REFUSE:
            return [(self._refuses, decided_at)]
        if number % 10 == WITHDRAWS:
            return [(self._gives, decided_at), (self._withdraws, decided_at + WITHDREW_AFTER)]
        return [(self._gives, decided_at)]

    def _touchpoints(
        self, number: int, subject_id: UUID, states: Mapping[str, ConsentState]
    ) -> Iterator[tuple[Any, ...]]:
        """The last of the person's contacts, each for the purposes that allowed it then."""
        keeping = [purpose.id for purpose in self._bundle.purposes.values() if purpose.keeps(TOUCHPOINTS)]
        standing = Standing(subject_id=subject_id, revision=1, states=states)
        for place in range(TOUCHPOINTS_EACH):
            occurred_at = self._now - TOUCHED_BEFORE + place * TOUCHED_EVERY
            verdicts = permissions(self._bundle, keeping, standing, occurred_at, gpc=False)
            allowed = [purpose for purpose in keeping if verdicts[purpose].allowed]
            event, channel = self._contacts[(number + place) % len(self._contacts)]
            yield subject_id, new_id(), event, channel, occurred_at, occurred_at + REPORTED_AFTER, allowed


def _entry(statement: Statement, subject_id: UUID, event: Said) -> tuple[Any, ...]:
    entry = ledger_rules.entry(
        CONSENT, subject_id, event.entry_id, event.effective_at, event.recorded_at, statement.facts(event)
    )
    payload = msgspec.json.encode(dict(entry.payload)).decode()
    return tuple(payload if name == "payload" else getattr(entry, name) for name in COLUMNS["ledger_entries"])


def _values(state: ConsentState) -> tuple[Any, ...]:
    return tuple(value.value if isinstance(value, Status) else value for value in msgspec.structs.astuple(state))


async def fill(given: Credentials, people: People, numbers: range, tell: Callable[[int], None]) -> None:
    """Copy people into the databases of a service, a batch at a time; `tell` hears how many each batch was."""
    url, keyring = given.database_url, Database(given.keyring_url, size=1)
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    try:
        for first in range(0, len(numbers), BATCH):
            batch = numbers[first : first + BATCH]
            made = await people.rows(batch, keyring)
            async with connection.transaction():
                for table, rows in made.items():
                    await connection.copy_records_to_table(table, records=rows, columns=COLUMNS[table])
            tell(len(batch))
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
        await keyring.close()
