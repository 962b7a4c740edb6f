"""The verbs of consent: show a notice, record, withdraw, check."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

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
    RecordedPurpose,
    SiteUnknown,
    Standing,
    Withdrawal,
)
from service.consent.notice import to_show
from service.consent.statement import Statement, asked, recordable, withdrawable
from service.kernel.auth import Principal
from service.kernel.batching import Batches
from service.kernel.clock import Moment
from service.kernel.crypto import Hasher, Signer
from service.kernel.database import Connection, Database, RunAgain
from service.kernel.idempotency import Answers, Claim
from service.kernel.ids import new_id
from service.kernel.problem import IdempotencyConflict, Problem, Unavailable
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.ledger.model import Entry
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle
from service.subjects import store as subjects_store
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
        self._signer = signer
        self._tokens = tokens
        self._issuer = issuer
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
        return await self._write(statement, lookup, claim, moment, admits=True)

    async def withdraw(
        self, withdrawal: Withdrawal, caller: Principal, cookie: str | None, key: str | None, moment: Moment
    ) -> Recorded:
        """Withdraw consent; for somebody never seen there is nothing to withdraw, which is success too."""
        lookup = self._subjects.required_of(caller, withdrawal.subject, cookie)
        statement = withdrawable(withdrawal, caller, self._policy.current)
        claim = self._answers.claim(caller, key, f"withdraw {lookup.hash.hex()}", withdrawal)
        return await self._write(statement, lookup, claim, moment, admits=False)

    async def _write(
        self, statement: Statement, lookup: Lookup, claim: Claim | None, moment: Moment, *, admits: bool
    ) -> Recorded:
        """One transaction in the lock order of DESIGN section 9: idempotency, lookups, subjects, locks, fold, write."""

        async def work(connection: Connection) -> Recorded:
            if claim and (earlier := (await self._answers.earlier(connection, [claim])).get(claim.key_hash)):
                if isinstance(earlier, IdempotencyConflict):
                    raise earlier
                return msgspec.json.decode(earlier, type=Recorded)
            if admits:
                await self._subjects.admit(connection, [lookup], moment.override)
            entered = await self._subjects.enter(connection, [lookup.hash], at=moment.override)
            subject_id = entered.subjects.get(lookup.hash)
            if subject_id is None and admits:
                raise RunAgain
            recorded = Recorded(subject_id=None, records=[], receipt=None)
            if subject_id is not None:
                recorded = await self._append(connection, statement, subject_id, entered.recorded_at)
            if claim:
                await self._answers.keep(connection, claim, msgspec.json.encode(recorded), subject_id)
            return recorded

        return await self._database.run("consent.record", work)

    async def _append(
        self, connection: Connection, statement: Statement, subject_id: UUID, recorded_at: datetime
    ) -> Recorded:
        """Fold the new events into the subject's history; the caller holds the subject's lock."""
        history = (await store.history(connection, [subject_id]))[subject_id]
        said = statement.events(rules.fold(history), recorded_at, new_id)
        if not said:
            return Recorded(subject_id=subject_id, records=[], receipt=None)
        evidence = self._sealed_evidence(statement, subject_id)
        entries = [
            ledger_rules.entry(
                CONSENT, subject_id, event.entry_id, event.effective_at, recorded_at, statement.facts(event), evidence
            )
            for event in said
        ]
        states = rules.fold([*history, *said])
        await ledger.append(connection, entries)
        await store.project(connection, [(subject_id, states[event.purpose]) for event in said])
        await subjects_store.bump(connection, [subject_id])
        return Recorded(
            subject_id=subject_id,
            records=[
                RecordedPurpose(
                    entry_id=event.entry_id,
                    purpose=event.purpose,
                    status=event.status,
                    effective_at=event.effective_at,
                    recorded_at=event.recorded_at,
                    valid_until=event.valid_until,
                )
                for event in said
            ],
            receipt=self._receipt(entries),
        )

    def _sealed_evidence(self, statement: Statement, subject_id: UUID) -> tuple[bytes, bytes] | None:
        if not statement.evidence:
            return None
        plain = msgspec.json.encode(statement.evidence, order="sorted")
        return plain, self._subjects.seal("ledger_entries", "evidence", subject_id, plain)

    def _receipt(self, entries: list[Entry]) -> str:
        return self._signer.sign(ledger_rules.receipt(self._issuer, entries), ledger_rules.ISSUED)

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
