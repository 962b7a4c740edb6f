"""Consent over HTTP."""

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from service.consent.commands import ConsentDesk
from service.consent.model import (
    Checked,
    CheckedAll,
    Cookie,
    NoticeToShow,
    Question,
    Questions,
    Record,
    Recorded,
    Withdrawal,
)
from service.kernel.auth import NOBODY, AdmittedRequest, authenticated, may, may_or_unavailable
from service.kernel.idempotency import IdempotencyHeader
from service.subjects.commands import Subjects
from service.subjects.model import CookieHeader


@get("/notices/{site:str}", operation_id="ShowNotice", guards=[authenticated])
async def show_notice(
    site: FromPath[str],
    consent_desk: NamedDependency[ConsentDesk],
    request: AdmittedRequest,
    language: FromQuery[str | None] = None,
) -> NoticeToShow:
    """What to ask on a site: the notice word for word, its purposes, and the token that says it was shown (Art. 13)."""
    return consent_desk.notice(site, language, request.user.moment.now)


@post("/cookies", operation_id="IssueCookie", guards=[may("consent:write")])
async def issue_cookie(subjects: NamedDependency[Subjects]) -> Cookie:
    """A cookie value for a visitor who is about to give consent; nothing is stored yet."""
    return Cookie(value=subjects.issue_cookie())


@post("/consents", operation_id="RecordConsent", guards=[may("consent:write")])
async def record(
    data: JSONBody[Record],
    consent_desk: NamedDependency[ConsentDesk],
    request: AdmittedRequest,
    cookie: CookieHeader = None,
    idempotency_key: IdempotencyHeader = None,
) -> Recorded:
    """Record decisions per purpose, with proof; a refusal is as cheap as a grant (Art. 7(1))."""
    return await consent_desk.record(data, request.user.principal, cookie, idempotency_key, request.user.moment)


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
    """Whether each purpose may be pursued for a subject now, and why."""
    if request.user.principal is NOBODY:
        raise consent_desk.unavailable(data)
    return await consent_desk.check(data, request.user.moment)


@post(
    "/consents/check/batch", operation_id="CheckConsents", guards=[may_or_unavailable("consent:read")], status_code=200
)
async def check_all(
    data: JSONBody[Questions],
    consent_desk: NamedDependency[ConsentDesk],
    request: AdmittedRequest,
) -> CheckedAll:
    """Up to 1,000 checks in one read, answered in order; a question that cannot be answered fails alone."""
    if request.user.principal is NOBODY:
        raise consent_desk.all_unavailable(data)
    return await consent_desk.check_all(data, request.user.moment)


router = Router(
    path="/v1", route_handlers=[show_notice, issue_cookie, record, withdraw, check, check_all], tags=["Consent"]
)
