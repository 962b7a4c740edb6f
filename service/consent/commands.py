"""The verbs of consent: show a notice, record, withdraw, check."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from service.consent import presented, rules, store
from service.consent.model import (
    Checked,
    CheckedAll,
    CheckedOne,
    CheckUnavailable,
    ConsentState,
    NoticeToShow,
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
from service.consent.notice import to_show
from service.consent.recording import Recorder, Utterance
from service.consent.statement import asked, recordable, withdrawable
from service.kernel.auth import Principal
from service.kernel.batching import Batches
from service.kernel.clock import Moment
from service.kernel.crypto import Hasher, Signer
from service.kernel.database import Database
from service.kernel.idempotency import Answers
from service.kernel.problem import Problem, Unavailable
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle
from service.subjects.commands import Subjects
from service.subjects.model import Lookup

CONSENT = "consent"


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
    ) -> None:
        self._database = database
        self._policy = policy
        self._subjects = subjects
        self._answers = answers
        self._tokens = tokens
        self._recorder = Recorder(database=database, subjects=subjects, answers=answers, signer=signer, issuer=issuer)
        self._standings: Batches[bytes, Standing | None] = Batches(self._read_standings)

    def notice(self, site_id: str, language: str | None, now: datetime) -> NoticeToShow:
        """What to ask on a site, in a language it has; raises `SiteUnknown`."""
        bundle = self._policy.current
        site = bundle.sites.get(site_id)
        if site is None:
            raise SiteUnknown("sites.toml of the active bundle lists the sites.")
        chosen = bundle.current_notice(site.notice, language if language in site.languages else site.languages[0])
        return to_show(bundle, chosen, presented.issue(self._tokens, site.id, chosen, now))

    async def record(
        self, record: Record, caller: Principal, cookie: str | None, key: str | None, moment: Moment
    ) -> Recorded:
        """Record a person's decisions, each on one purpose, all or none."""
        lookup = self._subjects.required_of(caller, record.subject, cookie)
        statement = recordable(record, caller, self._policy.current, self._tokens)
        claim = self._answers.claim(caller, key, f"record {lookup.hash.hex()}", record)
        return await self._recorder.record(Utterance(statement, lookup, claim, moment.override, admits=True))

    async def withdraw(
        self, withdrawal: Withdrawal, caller: Principal, cookie: str | None, key: str | None, moment: Moment
    ) -> Recorded:
        """Withdraw consent; for somebody never seen there is nothing to withdraw, which is success too."""
        lookup = self._subjects.required_of(caller, withdrawal.subject, cookie)
        statement = withdrawable(withdrawal, caller, self._policy.current)
        claim = self._answers.claim(caller, key, f"withdraw {lookup.hash.hex()}", withdrawal)
        return await self._recorder.record(Utterance(statement, lookup, claim, moment.override, admits=False))

    async def check(self, question: Question, moment: Moment) -> Checked:
        """Whether each purpose may be pursued for a subject, and why; raises `QuestionRefused`, `CheckUnavailable`."""
        bundle = self._policy.current
        purposes = asked(question, bundle)
        lookup = self._subjects.lookup(question.subject)
        try:
            standing = await self.standing(lookup.hash)
        except Unavailable as error:
            raise self.unavailable(question) from error
        return Checked(results=permissions(bundle, purposes, standing, moment.now, gpc=question.gpc))

    async def check_all(self, questions: Questions, moment: Moment) -> CheckedAll:
        """The same for up to 1,000 questions in one read; a question that cannot be answered fails alone."""
        bundle = self._policy.current
        lookups: list[Lookup | Problem] = [self._checkable(question, bundle) for question in questions.checks]
        hashes = [lookup.hash for lookup in lookups if isinstance(lookup, Lookup)]
        try:
            found = await store.standing(self._database, hashes, bundle.purposes)
        except Unavailable as error:
            raise self.all_unavailable(questions) from error
        return CheckedAll(
            results=[
                CheckedOne(problem=lookup.document())
                if isinstance(lookup, Problem)
                else CheckedOne(results=permissions(bundle, q.purposes, found.get(lookup.hash), moment.now, gpc=q.gpc))
                for q, lookup in zip(questions.checks, lookups, strict=True)
            ]
        )

    def _checkable(self, question: Question, bundle: Bundle) -> Lookup | Problem:
        try:
            asked(question, bundle)
            return self._subjects.lookup(question.subject)
        except Problem as problem:
            return problem

    def unavailable(self, question: Question) -> CheckUnavailable:
        """Step 2: the store cannot be reached. Not allowed, and told apart from a refusal (C20).

        Raises `QuestionRefused` all the same: steps 0 and 1 come first, and only purposes of the bundle are named.
        """
        return _nothing_allowed(_all_unavailable(asked(question, self._policy.current)))

    def all_unavailable(self, questions: Questions) -> CheckUnavailable:
        """The same for a batch; a question that cannot be answered at all fails alone."""
        bundle = self._policy.current
        checkable = [(question, self._checkable(question, bundle)) for question in questions.checks]
        return _nothing_allowed(
            [
                CheckedOne(problem=lookup.document())
                if isinstance(lookup, Problem)
                else CheckedOne(results=_all_unavailable(question.purposes))
                for question, lookup in checkable
            ]
        )

    async def close(self) -> None:
        """Answer everything that waits, and take nothing new."""
        await self._recorder.close()
        await self._standings.close()

    async def standing(self, lookup: bytes) -> Standing | None:
        """Where the subject behind a lookup stands on every purpose, read after this was asked; None for nobody."""
        return await self._standings.answer(lookup)

    async def _read_standings(self, hashes: Sequence[bytes]) -> list[Standing | None]:
        found = await store.standing(self._database, set(hashes), self._policy.current.purposes)
        return [found.get(lookup) for lookup in hashes]


def permissions(
    bundle: Bundle, purposes: Sequence[str], standing: Standing | None, now: datetime, *, gpc: bool
) -> dict[str, Permission]:
    """The verdict on each purpose; nobody known stands nowhere."""
    states: Mapping[str, ConsentState] = standing.states if standing else {}
    return {p: rules.permission(bundle.purposes[p], states.get(p), now, gpc=gpc) for p in purposes}


def _nothing_allowed(results: object) -> CheckUnavailable:
    return CheckUnavailable(
        "The database cannot be reached; ask again.", headers={"Retry-After": "1"}, extra={"results": results}
    )


def _all_unavailable(purposes: Sequence[str]) -> dict[str, Permission]:
    return {purpose: Permission(allowed=False, reason=Reason.UNAVAILABLE) for purpose in purposes}
