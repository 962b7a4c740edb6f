"""Whatever is wrong with a request, the answer is a problem that names the place and repeats nothing."""

import json
from uuid import UUID, uuid4

import httpx

from tests.integration.kernel.asking import MARKER, QUESTION, RECORD, SECURITY, TIMES, problem
from tests.running import ORIGIN, Running, customer, succeeded


async def test_an_address_where_nothing_is_says_so(untouched: Running) -> None:
    """Whatever stands in it, which may be an identifier."""
    for path in (
        "/",
        "/v1",
        "/v1/",
        f"/v1/{MARKER}",
        "//v1/consents",
        "/v1/consents/..%2f",
        "/%00",
        "/v1/%ff",
    ):
        problem(await untouched.get(path), 404, "not-found")
        problem(await untouched.post(path, RECORD), 404, "not-found")


async def test_a_method_that_an_address_does_not_know_says_so(untouched: Running) -> None:
    """With the methods that it does know."""
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = await untouched.http.request(method, "/v1/consents", headers=untouched._headers(None, None, None))
        problem(answer, 405, "method-not-allowed")
        assert "POST" in answer.headers["allow"]
    problem(await untouched.http.request("BREW", "/v1/consents"), 405, "method-not-allowed")
    problem(await untouched.post("/v1/notices/shop", {}), 405, "method-not-allowed")


async def test_an_id_in_an_address_that_is_none_is_not_found(untouched: Running) -> None:
    """A malformed id leads nowhere, and neither does one that nobody has."""
    officer = untouched.officers[0]
    for wrong in ("x", MARKER, "1", "0" * 32 + "0", str(uuid4()) + "0"):
        for rest in ("", "/package", "/certificate"):
            problem(await untouched.get(f"/v1/rights/requests/{wrong}{rest}", key=officer), 404, "not-found")
        problem(await untouched.post(f"/v1/rights/requests/{wrong}/approve", key=officer), 404, "not-found")
    answer = await untouched.get(f"/v1/rights/requests/{uuid4()}", key=officer)
    problem(answer, 404, "rights-request-unknown")


async def test_a_query_that_does_not_fit_is_told_where(untouched: Running) -> None:
    """Each parameter by its name."""
    officer = untouched.officers[0]
    for query, place in (
        ("state=zq-ada", "query.state"),
        ("due_before=zq-ada", "query.due_before"),
        ("due_before=2026-03-01T00:00:00", "query.due_before"),
        ("limit=0", "query.limit"),
        ("limit=201", "query.limit"),
        ("limit=zq-ada", "query.limit"),
        ("after=zq-ada", "query.after"),
        ("after=%00", "query.after"),
    ):
        problem(await untouched.get(f"/v1/rights/requests?{query}", key=officer), 422, "invalid-body", place)


async def test_a_credential_that_is_none_is_refused(untouched: Running) -> None:
    """Whatever it is, and before the body is looked at."""
    for credential in (f"Bearer {MARKER}", f"Basic {MARKER}", f"Bearer sk_{MARKER}_{MARKER}", "Bearer", MARKER):
        headers = {"Authorization": credential}
        for content in (json.dumps(RECORD).encode(), b"{"):
            answer = await untouched.http.post("/v1/consents", content=content, headers=headers)
            problem(answer, 401, "unauthenticated")
    answer = await untouched.post(
        "/v1/consents", RECORD, key=untouched.browser_key, headers={"Origin": f"http://{MARKER}"}
    )
    problem(answer, 403, "forbidden")


async def test_a_clock_that_is_none_is_told_where(untouched: Running) -> None:
    """`Placet-Now` is one time with an offset, near enough to calculate with."""
    for now in (*(time for time in TIMES if isinstance(time, str)), "2026-03-01T00:00:00Z, 2026-03-01T00:00:00Z"):
        answer = await untouched.post("/v1/consents/check", QUESTION, headers={"Placet-Now": now})
        problem(answer, 422, "invalid-body", "header.placet-now")
    twice = [("Placet-Now", "2026-03-01T00:00:00Z")] * 2 + [("Authorization", f"Bearer {untouched.secret_key}")]
    answer = await untouched.http.post("/v1/consents/check", json=QUESTION, headers=twice)
    problem(answer, 422, "invalid-body", "header.placet-now")


async def test_an_idempotency_key_that_does_not_fit_is_told_where(untouched: Running) -> None:
    """Not empty, and no longer than it need be."""
    for key in ("", "zq-ada" * 40):
        answer = await untouched.post("/v1/consents", RECORD, headers={"Idempotency-Key": key})
        problem(answer, 422, "invalid-body", "header.idempotency-key")


async def test_headers_without_end_are_refused(untouched: Running) -> None:
    """By a status of the 4xx, and the service goes on."""
    for headers in ({"X-Long": "x" * 2**20}, {f"X-{number}": "x" for number in range(5000)}):
        try:
            answer = await untouched.post("/v1/consents", RECORD, headers=headers)
        except httpx.TransportError:
            continue
        assert 400 <= answer.status_code < 500
    succeeded(await untouched.post("/v1/consents/check", QUESTION))


async def test_good_answers_come_in_the_same_envelope(service: Running) -> None:
    """A request id and the security headers stand on every response, not only on problems."""
    answers = [
        await service.get("/health/live"),
        await service.get("/v1/notices/shop"),
        await service.record(customer(), {"analytics": "given"}),
        await service.http.request(
            "OPTIONS", "/v1/consents", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
        ),
    ]
    for answer in answers:
        assert UUID(answer.headers["X-Request-Id"])
        assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == len(answers)
