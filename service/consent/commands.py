"""The verbs of consent: show a notice, record, withdraw, check."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from service.consent import presented, rules, store
from service.consent.consequences import Consequences
from service.consent.model import (
    Checked,
    CheckedAll,
    CheckedOne,
    CheckUnavailable,
    NoticeUnknown,
    Permission,
    Question,
    Questions,
    Reason,
    Record,
    Recorded,
    SiteUnknown,
    Standing,
    Withdrawal,
)
from service.consent.notice import NoticeToShow, to_show
from service.consent.past import History, HistoryQuestion, Trail
from service.consent.recording import Recorder, Utterance
from service.consent.statement import asked, recordable, withdrawable
from service.consent.status import StatusByPurpose, StatusOfPurpose, StatusQuestion
from service.consent.verdicts import changed, judged_then, other_time, permissions
from service.kernel.auth import Principal
from service.kernel.batching import Batches
from service.kernel.clock import Moment
from service.kernel.crypto import Hasher, Signer
from service.kernel.database import Database
from service.kernel.idempotency import Answers
from service.kernel.problem import Problem, Unavailable
from service.ledger.gap.watch import Gap
from service.policy.commands import ActivePolicy, Archive
from service.policy.model import Bundle
from service.policy.notice import Edition
from service.subjects.commands import Subjects
from service.subjects.model import Lookup


class Sought(NamedTuple):
    """Who is looked for, and the purposes that matter."""

    lookup: bytes
    purposes: Iterable[str]


class ConsentDesk:
    """Records what people say, and answers whether a purpose may be pursued."""

    def __init__(
        self,
        *,
        database: Database,
        policy: ActivePolicy,
        subjects: Subjects,
        answers: Answers,
        signer: Signer,
        tokens: Hasher,
        issuer: str,
        consequences: Consequences,
        gap: Gap,
    ) -> None:
        self._database = database
        self.gap = gap
        self._policy = policy
        self._subjects = subjects
        self._answers = answers
        self._tokens = tokens
        self._archive = Archive(database)
        self._recorder = Recorder(
            database=database,
            subjects=subjects,
            answers=answers,
            signer=signer,
            issuer=issuer,
            consequences=consequences,
        )
        self._standings: Batches[Sought, Standing | None] = Batches(self._read_standings)

    async def notice(
        self, site_id: str, language: str | None, caller: Principal, cookie: str | None, now: datetime
    ) -> NoticeToShow:
        """What to ask on a site, in a language it has, and of whom a browser's cookie names; raises `SiteUnknown`."""
        bundle = self._policy.current
        site = bundle.sites.get(site_id)
        if site is None:
            raise SiteUnknown("sites.toml of the active bundle lists the sites.")
        chosen = bundle.current_notice(site.notice, language if language in site.languages else site.languages[0])
        lookup = self._subjects.named_by(caller, None, cookie) if caller.kind == "browser" else None
        standing = await self.standing(lookup.hash) if lookup else None
        told = {p: _told(bundle, p, standing, now) for p in chosen.purposes} if lookup else {}
        token = presented.issue(self._tokens, site.id, chosen, now)
        return to_show(bundle, chosen, told, token, linked=standing is not None and standing.linked)

    async def old_notice(self, site_id: str, edition: Edition) -> NoticeToShow:
        """An edition of a site's notice word for word, also from before the active bundle; raises `NoticeUnknown`.

        It asks nothing: it comes without the token that says it was shown.
        """
        shown = await self._archive.shown(site_id, edition)
        if shown is None:
            raise NoticeUnknown("No bundle ever had this version of it; leave `version` out for the current one.")
        return to_show(*shown, {}, None)

    async def record(
        self, record: Record, caller: Principal, cookie: str | None, key: str | None, moment: Moment
    ) -> Recorded:
        """Record a person's decisions, each on one purpose, all or none.

        An import that is on record already is not recorded again.
        """
        return await self.commit(self.examine(record, caller, cookie, key, moment))

    async def commit(self, utterance: Utterance) -> Recorded:
        """Record what has been examined; a text of elsewhere is kept before an entry names it (Art. 7(1))."""
        if utterance.statement.brings_text:
            await self._archive.keep(utterance.statement.notice)
        return await self._recorder.record(utterance)

    def examine(
        self, record: Record, caller: Principal, cookie: str | None, key: str | None, moment: Moment
    ) -> Utterance:
        """What recording would write, without writing it; raises whatever makes it impossible."""
        lookup = self._subjects.required_of(caller, record.subject, cookie)
        guardian = self._subjects.lookup(record.guardian.identifier) if record.guardian else None
        bundle = self._policy.current
        statement = recordable(record, caller, bundle, self._tokens, moment.now, guardian=guardian)
        claim = self._answers.claim(caller, key, "record", record, [lookup.name])
        return Utterance(statement, lookup, claim, moment.override, admits=True)

    async def withdraw(
        self, withdrawal: Withdrawal, caller: Principal, cookie: str | None, key: str | None, moment: Moment
    ) -> Recorded:
        """Withdraw consent; for somebody never seen there is nothing to withdraw, which is success too."""
        lookup = self._subjects.required_of(caller, withdrawal.subject, cookie)
        statement = withdrawable(withdrawal, caller, self._policy.current)
        claim = self._answers.claim(caller, key, "withdraw", withdrawal, [lookup.name])
        return await self._recorder.record(Utterance(statement, lookup, claim, moment.override, admits=False))

    async def check(self, question: Question, moment: Moment) -> Checked:
        """Whether each purpose may be pursued for a subject, and why; raises `QuestionRefused`, `CheckUnavailable`."""
        bundle = self._policy.current
        asked(question, bundle, moment.now)
        lookup = self._subjects.lookup(question.subject)
        try:
            self.gap.require_closed()
            if (time := other_time(question)) is not None:
                trails = await store.past(self._database, [lookup.hash])
                bundles = await self._in_force([time], moment.now)
                return Checked(results=judged_then(bundles[time], question, trails.get(lookup.hash), time))
            standing = await self.standing(lookup.hash, question.purposes)
        except Unavailable as error:
            raise self.unavailable(question, moment) from error
        return Checked(results=permissions(bundle, question.purposes, standing, moment.now, gpc=question.gpc))

    async def check_all(self, questions: Questions, moment: Moment) -> CheckedAll:
        """The same for up to 1,000 questions: one read for those about now, two for those about another time.

        A question that cannot be answered fails alone.
        """
        bundle = self._policy.current
        checkable = self._checkable(questions, bundle, moment)
        named = [(question, lookup.hash) for question, lookup in checkable if isinstance(lookup, Lookup)]
        now = [lookup for question, lookup in named if other_time(question) is None]
        then = [(lookup, time) for question, lookup in named if (time := other_time(question)) is not None]
        standings: Mapping[bytes, Standing] = {}
        trails: Mapping[bytes, Trail] = {}
        bundles: Mapping[datetime, Bundle] = {}
        try:
            self.gap.require_closed()
            if now:
                purposes = {purpose for question, _ in named for purpose in question.purposes}
                standings = await store.standing(self._database, now, purposes)
            if then:
                trails = await store.past(self._database, {lookup for lookup, _ in then})
                bundles = await self._in_force({time for _, time in then}, moment.now)
        except Unavailable as error:
            raise self.all_unavailable(questions, moment) from error

        def judged(question: Question, lookup: Lookup) -> dict[str, Permission]:
            if (time := other_time(question)) is not None:
                return judged_then(bundles[time], question, trails.get(lookup.hash), time)
            standing = standings.get(lookup.hash)
            return permissions(bundle, question.purposes, standing, moment.now, gpc=question.gpc)

        return CheckedAll(
            results=[
                CheckedOne(problem=lookup.document())
                if isinstance(lookup, Problem)
                else CheckedOne(results=judged(question, lookup))
                for question, lookup in checkable
            ]
        )

    async def _in_force(self, times: Collection[datetime], now: datetime) -> Mapping[datetime, Bundle]:
        """The bundle that judges each time: the one in force then, and the current one what lies ahead."""
        past = await self._archive.in_force({time for time in times if time < now})
        return {time: past.get(time, self._policy.current) for time in times}

    def _checkable(
        self, questions: Questions, bundle: Bundle, moment: Moment
    ) -> list[tuple[Question, Lookup | Problem]]:
        return [(question, self._named(question, bundle, moment)) for question in questions.checks]

    def _named(self, question: Question, bundle: Bundle, moment: Moment) -> Lookup | Problem:
        try:
            asked(question, bundle, moment.now)
            return self._subjects.lookup(question.subject)
        except Problem as problem:
            return problem

    async def history(self, question: HistoryQuestion) -> History:
        """Every entry of a subject on consent; empty for somebody never seen, of whom this leaves no trace."""
        lookup = self._subjects.lookup(question.subject)
        return History(entries=await store.entries(self._database, lookup.hash))

    async def status(
        self, question: StatusQuestion, caller: Principal, cookie: str | None, moment: Moment
    ) -> StatusByPurpose:
        """Where a person stands on every purpose of the bundle; a browser without a cookie is a stranger."""
        bundle = self._policy.current
        whose = self._subjects.named_by if caller.kind == "browser" else self._subjects.required_of
        lookup = whose(caller, question.subject, cookie)
        standing = await self.standing(lookup.hash) if lookup else None
        told = {p: _told(bundle, p, standing, moment.now) for p in bundle.purposes}
        if caller.kind == "browser" and standing is not None and standing.linked:
            told = {p: rules.through_link(status) for p, status in told.items()}
        return StatusByPurpose(purposes=told)

    def unavailable(self, question: Question, moment: Moment) -> CheckUnavailable:
        """Step 2: the store cannot be reached. Not allowed, and told apart from a refusal (C20).

        Raises `QuestionRefused` all the same: steps 0 and 1 come first, and only purposes of the bundle are named.
        """
        return self._nothing_allowed(_all_unavailable(asked(question, self._policy.current, moment.now)))

    def all_unavailable(self, questions: Questions, moment: Moment) -> CheckUnavailable:
        """The same for a batch; a question that cannot be answered at all fails alone."""
        return self._nothing_allowed(
            [
                CheckedOne(problem=lookup.document())
                if isinstance(lookup, Problem)
                else CheckedOne(results=_all_unavailable(question.purposes))
                for question, lookup in self._checkable(questions, self._policy.current, moment)
            ]
        )

    def _nothing_allowed(self, results: object) -> CheckUnavailable:
        why = (
            "A backup was restored; ask again later." if self.gap.open else "The database cannot be reached; ask again."
        )
        return CheckUnavailable(why, headers={"Retry-After": "1"}, extra={"results": results})

    async def close(self) -> None:
        """Answer everything that waits, and take nothing new."""
        await self._recorder.close()
        await self._standings.close()

    async def standing(self, lookup: bytes, purposes: Iterable[str] | None = None) -> Standing | None:
        """Where the subject behind a lookup stands on some purposes, None for all; read after this was asked.

        None for nobody.
        """
        return await self._standings.answer(Sought(lookup, purposes or self._policy.current.purposes))

    async def _read_standings(self, batch: Sequence[Sought]) -> list[Standing | None]:
        purposes = {purpose for sought in batch for purpose in sought.purposes}
        found = await store.standing(self._database, {sought.lookup for sought in batch}, purposes)
        return [found.get(sought.lookup) for sought in batch]


def _told(bundle: Bundle, purpose: str, standing: Standing | None, now: datetime) -> StatusOfPurpose:
    state = standing.states.get(purpose) if standing else None
    objection = standing and rules.objection_to(bundle.purposes[purpose], standing)
    return rules.stands(state, now, changed=changed(bundle, state), objection=objection)


def _all_unavailable(purposes: Sequence[str]) -> dict[str, Permission]:
    return {purpose: Permission(allowed=False, reason=Reason.UNAVAILABLE) for purpose in purposes}
