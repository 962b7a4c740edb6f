"""The rules of filing, over HTTP: six rights, what each needs, and answers that tell nobody who is known."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.filing import REQUESTS, filing, opened
from tests.running import Running, customer, refused, succeeded

NOW = "2026-03-02T10:00:00Z"
ADA = {"kind": "email", "value": "ada.marker@example.com"}
UNKNOWN = {"kind": "email", "value": "nobody.marker@example.com"}
RIGHT = {"kind": "email", "value": "ada.right@example.com"}
HOSTILE = "=cmd()|' /C calc'!A0 <script>alert('planted')</script> \u202e"
ALL: dict[str, dict[str, Any]] = {
    "access": {},
    "portability": {},
    "erasure": {},
    "rectification": {"replacement": RIGHT},
    "restriction": {"grounds": "I contest that it is accurate"},
    "objection": {"purposes": ["analytics"], "grounds": "my situation"},
}
MARKETING = {"purposes": ["marketing_email"]}


@pytest.mark.rule("R4")
@pytest.mark.parametrize("right", ALL)
@pytest.mark.parametrize("verified", [True, False], ids=["verified", "not verified"])
async def test_every_right_is_answered_alike_whoever_is_known(service: Running, right: str, verified: bool) -> None:
    """Whether somebody is known shows in neither status nor content nor length of any answer."""
    await service.give(ADA, "analytics", now=NOW)
    more = ALL[right] | ({} if verified else {"verified": None})
    answers = [await service.post(REQUESTS, filing(right, one, **more), now=NOW) for one in (ADA, UNKNOWN)]
    assert [answer.status_code for answer in answers] == [202, 202], answers[0].text
    assert len({len(answer.content) for answer in answers}) == 1
    known, unknown = [_without_id(answer.json()) for answer in answers]
    assert known == unknown
    assert known["state"] == ("open" if verified else "verifying")


@pytest.mark.rule("R4")
async def test_whether_a_code_can_be_sent_is_not_told(service: Running) -> None:
    """A request that an officer has to verify looks from outside like one that waits for a code."""
    states: dict[str, str] = {}
    for identifier in (ADA, customer("ada")):
        filed = succeeded(await service.post(REQUESTS, filing("access", identifier, verified=None)), 202)
        assert filed["state"] == "verifying"
        states[identifier["kind"]] = (await opened(service, filed["request_id"]))["state"]
    assert states == {"email": "verifying", "customer_id": "received"}


@pytest.mark.rule("R4")
async def test_an_objection_to_direct_marketing_is_answered_alike_too(service: Running) -> None:
    """It takes effect as it is filed, also for somebody who is not known, and without saying which of both it was."""
    await service.give(ADA, "marketing_email")
    body = [filing("objection", one, verified=None, **MARKETING) for one in (ADA, UNKNOWN)]
    known, unknown = [succeeded(await service.post(REQUESTS, one, now=NOW), 202) for one in body]
    assert _without_id(known) == _without_id(unknown)
    assert known["state"] == "completed"


@pytest.mark.rule("C19")
async def test_an_objection_to_direct_marketing_needs_nobody(service: Running) -> None:
    """Neither verified nor approved, it holds from the next check on; whoever comes later is covered too."""
    await service.give(ADA, "marketing_email")
    for one in (ADA, UNKNOWN):
        succeeded(await service.post(REQUESTS, filing("objection", one, verified=None, **MARKETING)), 202)
        assert (await service.check(one, "marketing_email"))["reason"] == "objected"
    assert await service.count("rights_approvals") == 0


@pytest.mark.rule("C19")
async def test_of_an_objection_to_several_purposes_the_marketing_part_takes_effect_at_once(service: Running) -> None:
    """The rest of it is verified and approved first."""
    await service.give(ADA, "marketing_email", "analytics")
    body = filing("objection", ADA, purposes=["analytics", "marketing_email"], verified=None)
    assert succeeded(await service.post(REQUESTS, body), 202)["state"] == "verifying"
    assert (await service.check(ADA, "marketing_email"))["reason"] == "objected"
    assert (await service.check(ADA, "analytics"))["allowed"]


@pytest.mark.parametrize(
    ("right", "more", "path"),
    [
        ("objection", {}, "$.purposes"),
        ("rectification", {}, "$.replacement"),
        ("restriction", {}, "$.grounds"),
        ("access", {"purposes": ["analytics"]}, "$.purposes"),
        ("erasure", {"grounds": "marker"}, "$.grounds"),
        ("portability", {"replacement": RIGHT}, "$.replacement"),
        ("rectification", {"replacement": ADA}, "$.replacement.value"),
        ("rectification", {"replacement": customer("marker")}, "$.identifiers"),
        ("rectification", {"replacement": RIGHT, "identifiers": [ADA, UNKNOWN]}, "$.identifiers"),
        ("objection", {"purposes": []}, "$.purposes"),
        ("objection", {"purposes": ["marker"]}, "$.purposes"),
        ("objection", {"purposes": ["service"]}, "$.purposes"),
    ],
)
async def test_a_filing_says_what_its_right_needs(
    service: Running, right: str, more: dict[str, Any], path: str
) -> None:
    """What is missing, and what belongs to another right, is named with its place and repeats nothing."""
    answer = await service.post(REQUESTS, filing(right, ADA) | more)
    assert (answer.status_code, "marker" in answer.text) == (422, False), answer.text
    assert [fault["path"] for fault in answer.json()["errors"]] == [path]
    assert await service.count("rights_requests") == await service.count("objections") == 0


async def test_a_cookie_is_not_put_right(service: Running) -> None:
    """We issue it ourselves, so that no other one is right instead."""
    one, other = [succeeded(await service.browse("/v1/cookies"), 201)["value"] for _ in range(2)]
    body = {"right": "rectification", "language": "it", "replacement": {"kind": "cookie", "value": other}}
    problem = refused(await service.browse(REQUESTS, body, cookie=one), 422, "filing-refused")
    assert problem["errors"][0]["path"] == "$.replacement.kind"


@pytest.mark.rule("S4")
async def test_what_people_write_is_kept_as_they_wrote_it(service: Running) -> None:
    """Formulas and markup in any text are data: accepted, shown to officers as they are, and in no list."""
    filed = succeeded(await service.post(REQUESTS, filing("restriction", ADA, grounds=HOSTILE, details=HOSTILE)), 202)
    path, officer = f"{REQUESTS}/{filed['request_id']}", service.officers[0]
    succeeded(await service.post(f"{path}/extend", {"reason": HOSTILE}, key=officer))
    told = succeeded(await service.post(f"{path}/refuse", {"reason": "excessive", "text": HOSTILE}, key=officer))
    assert told["text"] == HOSTILE
    shown = await opened(service, filed["request_id"])
    assert {shown[name] for name in ("grounds", "details", "extension", "refusal_text")} == {HOSTILE}
    assert "script" not in (await service.get(REQUESTS, key=officer)).text
    assert HOSTILE.encode() not in await _stored(service)


async def _stored(service: Running) -> bytes:
    rows = await service.database.fetch("SELECT r::text AS row FROM rights_requests r")
    return "".join(row["row"] for row in rows).encode()


def _without_id(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "request_id"}
