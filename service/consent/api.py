"""Consent over HTTP."""

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from service.consent.commands import ConsentDesk
from service.consent.linking.commands import LinkDesk
from service.consent.model import (
    Checked,
    CheckedAll,
    Cookie,
    Question,
    Questions,
    Record,
    Recorded,
    Withdrawal,
)
from service.consent.notice import NoticeToShow
from service.consent.past import History, HistoryQuestion
from service.consent.status import StatusByPurpose, StatusQuestion
from service.kernel.auth import NOBODY, AdmittedRequest, authenticated, may, may_or_unavailable
from service.kernel.idempotency import IdempotencyHeader
from service.policy.notice import Edition
from service.subjects.model import CookieHeader


@get("/notices/{site:str}", operation_id="ShowNotice", guards=[authenticated])
async def show_notice(
    site: FromPath[str],
    consent_desk: NamedDependency[ConsentDesk],
    request: AdmittedRequest,
    language: FromQuery[str | None] = None,
    version: FromQuery[str | None] = None,
    sha256: FromQuery[str | None] = None,
    cookie: CookieHeader = None,
) -> NoticeToShow:
    """What to ask on a site: the notice word for word, its purposes, and the token that says it was shown (Art. 13).

    With `version` or `sha256`: that text as it was shown, also years later (Art. 7(1)).
    """
    if version is not None or sha256 is not None:
        return await consent_desk.old_notice(site, Edition(version=version, language=language, sha256=sha256))
    return await consent_desk.notice(site, language, request.user.principal, cookie, request.user.moment.now)


@post("/cookies", operation_id="IssueCookie", guards=[may("consent:write")])
async def issue_cookie(
    link_desk: NamedDependency[LinkDesk], request: AdmittedRequest, cookie: CookieHeader = None
) -> Cookie:
    """A cookie value for a visitor who is about to give consent; nothing is stored yet.

    At logout, with the cookie that it takes the place of: that one speaks for nobody known any longer.
    """
    return await link_desk.rotate(cookie, request.user.moment)


@post("/consents", operation_id="RecordConsent", guards=[may("consent:write")])
async def record(
    data: JSONBody[Record],
    consent_desk: NamedDependency[ConsentDesk],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
    idempotency_key: IdempotencyHeader = None,
) -> Recorded:
    """Record decisions per purpose, with proof; a refusal is as cheap as a grant (Art. 7(1))."""
    return await consent_desk.record(
        request.user.heard(data), request.user.principal, cookie, idempotency_key, request.user.moment
    )


@post("/consents/withdraw", operation_id="WithdrawConsent", guards=[may("consent:write")], status_code=200)
async def withdraw(
    data: JSONBody[Withdrawal],
    consent_desk: NamedDependency[ConsentDesk],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
    idempotency_key: IdempotencyHeader = None,
) -> Recorded:
    """Withdraw consent for some or all purposes. As easy as giving it (Art. 7(3))."""
    return await consent_desk.withdraw(data, request.user.principal, cookie, idempotency_key, request.user.moment)


@post("/consents/check", operation_id="CheckConsent", guards=[may_or_unavailable("consent:read")], status_code=200)
async def check(
    data: JSONBody[Question],
    consent_desk: NamedDependency[ConsentDesk],
    request: AdmittedRequest,
) -> Checked:
    """Whether each purpose may be pursued for a subject, and why: now, `at` a time, or by what was `known_at` one."""
    if request.user.principal is NOBODY:
        raise consent_desk.unavailable(data, request.user.moment)
    return await consent_desk.check(request.user.heard(data), request.user.moment)


@post(
    "/consents/check/batch", operation_id="CheckConsents", guards=[may_or_unavailable("consent:read")], status_code=200
)
async def check_all(
    data: JSONBody[Questions],
    consent_desk: NamedDependency[ConsentDesk],
    request: AdmittedRequest,
) -> CheckedAll:
    """Up to 1,000 checks at once, answered in order; a question that cannot be answered fails alone."""
    if request.user.principal is NOBODY:
        raise consent_desk.all_unavailable(data, request.user.moment)
    questions = Questions(checks=[request.user.heard(question) for question in data.checks])
    return await consent_desk.check_all(questions, request.user.moment)


@post("/consents/history", operation_id="ShowConsentHistory", guards=[may("consent:read")], status_code=200)
async def history(data: JSONBody[HistoryQuestion], consent_desk: NamedDependency[ConsentDesk]) -> History:
    """Every decision and withdrawal of a subject, the oldest first, as the ledger has it (Art. 7(1))."""
    return await consent_desk.history(data)


@post(
    "/consents/status",
    operation_id="ShowConsentStatus",
    guards=[may("consent:read", browser="consent:write")],
    status_code=200,
)
async def status(
    data: JSONBody[StatusQuestion],
    consent_desk: NamedDependency[ConsentDesk],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
) -> StatusByPurpose:
    """Where a person stands on every purpose, and when to ask again; a browser is told of its own cookie only."""
    return await consent_desk.status(data, request.user.principal, cookie, request.user.moment)


router = Router(
    path="/v1",
    route_handlers=[show_notice, issue_cookie, record, withdraw, check, check_all, history, status],
    tags=["Consent"],
)
