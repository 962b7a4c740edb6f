"""Filing, listing and looking at requests."""

from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.filing import REQUESTS, VERIFIED, file, filing
from tests.running import Running, customer, refused, succeeded

ADA = {"kind": "email", "value": "ada.marker@example.com"}


async def _list(service: Running, **query: Any) -> dict[str, Any]:
    return succeeded(await service.get(f"{REQUESTS}?{urlencode(query)}", key=service.officers[0]))


async def test_the_most_urgent_request_comes_first_page_by_page(service: Running) -> None:
    """Pages follow one another without gap or repetition, in the order of due dates."""
    filed = [
        await file(service, "access", customer(str(day)), now=f"2026-03-{day:02}T10:00:00Z") for day in (9, 2, 2, 2, 20)
    ]
    seen: list[dict[str, Any]] = []
    page = await _list(service, limit=2)
    while True:
        seen += page["requests"]
        if page["next"] is None:
            break
        page = await _list(service, limit=2, after=page["next"])
    assert {request["request_id"] for request in seen} == {request["request_id"] for request in filed}
    assert len(seen) == 5
    assert all(one["due_at"] <= other["due_at"] for one, other in pairwise(seen))


async def test_requests_are_found_by_state_and_due_date(service: Running) -> None:
    """`state` and `due_before` narrow the list down."""
    verifying = await file(service, "access", ADA, verified=None, now="2026-03-02T10:00:00Z")
    later = await file(service, "access", ADA, now="2026-05-04T10:00:00Z")
    assert await _ids(service, state="verifying") == [verifying["request_id"]]
    assert await _ids(service, state="open") == [later["request_id"]]
    assert await _ids(service, due_before="2026-05-01T00:00:00Z") == [verifying["request_id"]]
    assert await _ids(service, state="completed") == []


async def _ids(service: Running, **query: Any) -> list[str]:
    return [request["request_id"] for request in (await _list(service, **query))["requests"]]


@pytest.mark.parametrize(
    "query",
    [
        {"state": "lost"},
        {"limit": "0"},
        {"limit": "201"},
        {"after": "ada.marker@example.com"},
        {"after": "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwiMDAwMDAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwIl0"},
        {"after": "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiMDAwMDAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwIl0"},
        {"due_before": "ada.marker@example.com"},
        {"due_before": "2026-03-02T10:00:00"},
        {"due_before": "0001-01-01T00:00:00+23:59"},
    ],
)
async def test_a_list_that_cannot_be_is_refused(service: Running, query: dict[str, str]) -> None:
    """A query of the wrong form is a problem that names the parameter and does not repeat it."""
    answer = await service.get(f"{REQUESTS}?{urlencode(query)}", key=service.officers[0])
    problem = refused(answer, 422, "invalid-body")
    assert problem["errors"][0]["path"] == f"query.{next(iter(query))}"
    assert "marker" not in answer.text


async def test_the_list_says_nothing_of_anybody(service: Running) -> None:
    """The list of requests does not say whom they are about, nor what anybody wrote."""
    await file(service, "erasure", ADA, details="I am ada.marker@example.com")
    answer = await service.get(REQUESTS, key=service.officers[0])
    assert (answer.status_code, "marker" in answer.text, "login" in answer.text) == (200, False, False)


async def test_officers_see_what_they_decide_on(service: Running) -> None:
    """Before an officer approves, they read what the person wrote, how they were verified, and if they are several."""
    await service.give(ADA, "analytics")
    await service.give(customer("also ada"), "analytics")
    for identifiers, subjects in (((ADA,), 1), ((ADA, customer("also ada"), customer("nobody")), 2)):
        filed = await file(service, "access", *identifiers, details="all of 2025, please")
        shown = succeeded(await service.get(f"{REQUESTS}/{filed['request_id']}", key=service.officers[0]))
        assert (shown["details"], shown["verification"]) == ("all of 2025, please", VERIFIED)
        assert shown["subjects"] == subjects
    unverified = await file(service, "access", ADA, verified=None)
    shown = succeeded(await service.get(f"{REQUESTS}/{unverified['request_id']}", key=service.officers[0]))
    assert (shown["details"], shown["verification"]) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"right": "oblivion"},
        {"language": "ada.marker@example.com"},
        {"identifiers": [{"kind": "email", "value": "not an address marker"}]},
        {"identifiers": [{"kind": "marker", "value": "x"}]},
        {"identifiers": []},
        {"details": ""},
        {"verified": {"note": "no method"}},
        {"code": "123456"},
    ],
)
async def test_a_filing_that_cannot_be_is_refused(service: Running, change: dict[str, Any]) -> None:
    """A request of the wrong form is a problem that repeats nothing, and nothing is stored."""
    answer = await service.post(REQUESTS, filing("access", ADA) | change)
    assert (answer.status_code, "marker" in answer.text) == (422, False), answer.text
    assert await service.count("rights_requests") == 0


async def test_officers_alone_look_at_requests(service: Running) -> None:
    """A server may file, and neither list, look, verify, approve nor fetch."""
    path = f"{REQUESTS}/{(await file(service, 'access', ADA))['request_id']}"
    for hidden in (REQUESTS, path, f"{path}/package", f"{path}/certificate"):
        refused(await service.get(hidden), 403, "forbidden")
    refused(await service.post(f"{path}/approve"), 403, "forbidden")
    refused(await service.post(f"{path}/verify", {"note": "trust me"}), 403, "forbidden")


async def test_only_an_access_request_has_a_package(service: Running) -> None:
    """An erasure has no package, and a request that does not exist has nothing."""
    request_id = (await file(service, "erasure", ADA))["request_id"]
    answer = await service.get(f"{REQUESTS}/{request_id}/package", key=service.officers[0])
    refused(answer, 404, "package-missing")


async def test_verifying_again_changes_nothing(service: Running) -> None:
    """Whoever vouched first stands."""
    request_id = (await file(service, "access", ADA, verified=None))["request_id"]
    path = f"{REQUESTS}/{request_id}/verify"
    first = succeeded(await service.post(path, {"note": "knows the order number"}, key=service.officers[0]))
    again = succeeded(await service.post(path, {"note": "looks honest"}, key=service.officers[1]))
    assert first == again
    shown = succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))
    officers = await service.database.fetch("SELECT officer_id FROM officers ORDER BY login")
    assert shown["verified_by"] == str(officers[0]["officer_id"])
