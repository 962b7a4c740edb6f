"""The verb of the report: count in the database, tell what may be told."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Set
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import TypeVar

from msgspec import Struct

from service.journey.report import groups, store
from service.journey.report.kinds import MOST_CHANNELS, Kinds, kinds_of
from service.journey.report.model import Report, ReportQuestion, ReportRefused
from service.journey.report.personas import Reading, personas_of, reading
from service.journey.report.rules import divided, together
from service.journey.report.store import Asked, Parts
from service.journey.report.tally import Tally
from service.journey.report.telling import Telling
from service.kernel.clock import Moment
from service.kernel.database import Connection, Database, Row
from service.kernel.problem import Fault, NotFound
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle, Journey, LegalBasis

T = TypeVar("T")
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)
AT_ONCE = 1
"""Reports that are counted at once: one keeps two processes of the database busy, and others have to be answered."""


class _Span(Struct, frozen=True):
    """Days as instants: contacts count after `since`, are told of from `began`, and until `until`."""

    first: date
    last: date
    since: datetime
    began: datetime
    until: datetime


class ReportDesk:
    """Tells how people walk through a journey, of groups alone."""

    def __init__(self, *, database: Database, policy: ActivePolicy) -> None:
        self._database = database
        self._policy = policy
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def report(self, journey_id: str, question: ReportQuestion, moment: Moment) -> Report:
        """The report of a journey; raises `NotFound` for one that the bundle does not have, and `ReportRefused`."""
        return (await self.told(journey_id, question, moment))[1]

    async def told(self, journey_id: str, question: ReportQuestion, moment: Moment) -> tuple[Bundle, Report]:
        """The report, with the bundle that it is of."""
        bundle = self._policy.current
        journey = bundle.journeys.get(journey_id)
        if journey is None:
            raise NotFound(f"The bundle has these journeys: {', '.join(sorted(bundle.journeys))}.")
        span = _span(journey, question, moment.now)
        _refuse_unknown(bundle, journey, question)
        async with self._turn:
            pairs, notices = await self._at_one_moment(
                lambda c: store.kinds(c, journey.purpose, span.since, span.until)
            )
            kinds, read = kinds_of(bundle, journey, pairs), reading(bundle, journey.purpose)
            asked = _asked(kinds, read, notices, span, moment.now)
            known = await self._halves(lambda c, half: store.facts(c, asked, half)) if read else []
            parts = await asyncio.to_thread(_parts, kinds, read, {"", *chain(*known)}, question, span)
            rows = await self._halves(
                lambda c, half: store.figures(c, asked, kinds, parts, span.since, span.began, half)
            )
        return bundle, await asyncio.to_thread(_told, kinds, question, span, rows)

    async def _halves(self, work: Callable[[Connection, int], Awaitable[T]]) -> list[T]:
        """What both halves of all people come to, each counted by a process of its own."""

        def half(number: int) -> Awaitable[T]:
            return self._at_one_moment(lambda c: work(c, number))

        return [*await asyncio.gather(*map(half, store.HALVES))]

    async def _at_one_moment(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async def tuned(connection: Connection) -> T:
            await connection.execute(store.FOR_MANY_ROWS)
            return await work(connection)

        return await self._database.at_one_moment(tuned)


def _span(journey: Journey, question: ReportQuestion, now: datetime) -> _Span:
    """Whole days, so that nobody is told apart by moving a limit by a second; evidence reaches back to its expiry."""
    last = question.last or now.date()
    until = min(now, datetime.combine(last + DAY, time(), UTC) - INSTANT)
    since = until - timedelta(days=journey.expiry_days)
    oldest = since.date() + DAY
    first = question.first or oldest
    if last > now.date():
        raise ReportRefused("Ask for days that have begun.", faults=[Fault("query.to", "lies in the future")])
    if not oldest <= first <= last:
        sentence = f"must be a day up to the last, and at most {journey.expiry_days} days before it ends"
        raise ReportRefused("Older contacts are no evidence any more.", faults=[Fault("query.from", sentence)])
    return _Span(first=first, last=last, since=since, began=datetime.combine(first, time(), UTC), until=until)


def _refuse_unknown(bundle: Bundle, journey: Journey, question: ReportQuestion) -> None:
    faults: list[Fault] = []
    if question.channel is not None and question.channel not in bundle.channels:
        faults.append(Fault("query.channel", f"unknown; channels.toml has: {', '.join(bundle.channels)}"))
    if question.persona is not None and question.persona not in bundle.personas:
        faults.append(Fault("query.persona", f"unknown; personas.toml has: {', '.join(bundle.personas) or 'none'}"))
    elif question.persona is not None and reading(bundle, journey.purpose) is None:
        faults.append(Fault("query.persona", "the persona of people is known for another purpose than this journey's"))
    if faults:
        raise ReportRefused("Ask for what the bundle has.", faults=faults)


def _asked(kinds: Kinds, read: Reading | None, notices: Iterable[tuple[str, str]], span: _Span, now: datetime) -> Asked:
    """Of whom: people who allow the journey's purpose, with what the rules of personas read of them."""
    bundle = kinds.bundle
    purpose = bundle.purposes[kinds.journey.purpose]
    return Asked(
        purpose=purpose.id,
        on_consent=purpose.legal_basis is LegalBasis.CONSENT,
        direct_marketing=purpose.direct_marketing,
        now=now,
        notices=[notice for notice in notices if not bundle.invalidated(*notice, purpose.id)],
        until=span.until,
        counted=read.events("count") if read else [],
        dated=read.events("days_since") if read else [],
    )


def _parts(kinds: Kinds, read: Reading | None, known: Set[str], question: ReportQuestion, span: _Span) -> Parts:
    """How people are told apart, and which of them are asked for."""
    facts = sorted(known)
    persona = _number(kinds.bundle, question.persona)
    everybody = range(2 * (len(kinds.bundle.personas) + 1))
    return Parts(
        channel=kinds.place(question.channel) if question.channel else MOST_CHANNELS,
        facts=facts,
        personas=personas_of(kinds, read, facts, span.until.date()) if read else [],
        asked=[p for p in everybody if persona in (None, p // 2) and (question.channel is None or p % 2 == 1)],
    )


def _number(bundle: Bundle, persona: str | None) -> int | None:
    return None if persona is None else [*bundle.personas].index(persona) + 1


def _told(kinds: Kinds, question: ReportQuestion, span: _Span, halves: list[list[Row]]) -> Report:
    tally = Tally(row for half in halves for row in half)
    bundle, journey = kinds.bundle, kinds.journey
    persona = _number(bundle, question.persona)
    everybody = together(tally.of("stage").values())
    divisions, alike = divided(
        everybody, len(bundle.personas), journey.smallest_group, channel=question.channel is not None, persona=persona
    )
    telling = Telling(kinds, tally, divisions)
    row = telling.row()
    return Report(
        journey=journey.id,
        bundle=bundle.digest,
        first=span.first,
        last=span.last,
        channel=question.channel,
        persona=question.persona,
        smallest_group=journey.smallest_group,
        people=row.people("people", telling.everybody),
        converted=row.people("converted", tally.cell("converted"), telling.everybody),
        stages=telling.stages(),
        moves=telling.moves(),
        paths=telling.paths(),
        channels=groups.channels(telling),
        personas=groups.personas(telling, alike, persona),
        friction=telling.friction(),
        drop_off=telling.drop_off(),
        offline=telling.offline(),
        touchpoints=groups.touchpoints(telling),
        moments=groups.moments(telling),
        gaps=groups.gaps(telling),
        withheld=row.withheld,
    )
