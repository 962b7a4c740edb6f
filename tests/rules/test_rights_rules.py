"""The rules of rights, over HTTP: who asks, who approves, what is done once."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.conftest import ROOT
from tests.filing import REQUESTS, approve, approve_all, claims, erase, fetch, file, filing
from tests.running import Running, refused, succeeded

NOW = "2026-03-02T10:00:00Z"
ADA = {"kind": "email", "value": "ada.marker@example.com"}
MORE: dict[str, dict[str, Any]] = {
    "restriction": {"grounds": "I contest that it is accurate"},
    "objection": {"purposes": ["analytics"]},
    "rectification": {"replacement": {"kind": "email", "value": "ada.right@example.com"}},
}
UNKNOWN = {"kind": "email", "value": "nobody.marker@example.com"}


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The bundle that ships, with two officers needed for each approval."""
    folder = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", folder)
    controller = folder / "controller.toml"
    controller.write_text(controller.read_text().replace("approvals = 1", "approvals = 2"))
    return folder


@pytest.mark.rule("R4")
@pytest.mark.parametrize("right", ["access", "erasure"])
async def test_known_and_unknown_people_get_the_same_answers(service: Running, right: str) -> None:
    """Known and unknown identifiers cannot be told apart from outside, in content or status."""
    await service.give(ADA, "analytics", now=NOW)
    for more in ({}, {"verified": None}, {"details": "please"}):
        known, unknown = [
            await service.post(REQUESTS, filing(right, identifier, **more), now=NOW) for identifier in (ADA, UNKNOWN)
        ]
        assert known.status_code == unknown.status_code == 202
        assert _without_id(known.json()) == _without_id(unknown.json())
        assert known.headers.keys() == unknown.headers.keys()
        assert len(known.content) == len(unknown.content)


@pytest.mark.rule("R4")
async def test_serving_known_and_unknown_people_gives_the_same_answers(service: Running) -> None:
    """Also approval and completion answer alike, whoever was found."""
    await service.give(ADA, "analytics", now=NOW)
    for right in ("access", "erasure"):
        served = [
            await approve_all(service, (await file(service, right, i, now=NOW))["request_id"]) for i in (ADA, UNKNOWN)
        ]
        assert _without_id(served[0]) == _without_id(served[1])


@pytest.mark.rule("R4")
async def test_a_browser_asks_for_its_own_cookie_alone(service: Running) -> None:
    """A browser's own cookie is proof of possession of that cookie, and of nothing else."""
    cookie = succeeded(await service.browse("/v1/cookies"), 201)["value"]
    body = {"right": "erasure", "language": "it"}
    assert succeeded(await service.browse(REQUESTS, body, cookie=cookie), 202)["state"] == "open"
    refused(await service.browse(REQUESTS, body | {"identifiers": [ADA]}, cookie=cookie), 403, "not-your-subject")
    refused(await service.browse(REQUESTS, filing("erasure"), cookie=cookie), 403, "forbidden")
    refused(await service.browse(REQUESTS, body), 422, "subject-missing")
    assert await service.count("rights_requests") == 1


@pytest.mark.rule("R6")
@pytest.mark.parametrize("right", ["access", "erasure"])
async def test_nothing_runs_before_it_is_verified(service: Running, right: str) -> None:
    """A request that nobody has verified is neither approved nor served; an officer's note opens it."""
    await service.give(ADA, "analytics")
    filed = await file(service, right, ADA, verified=None)
    assert filed["state"] == "verifying"
    refused(await approve(service, filed["request_id"]), 409, "rights-request-not-ready")
    assert await service.count("rights_approvals") == 0
    note = {"note": "showed an identity card"}
    path = f"{REQUESTS}/{filed['request_id']}/verify"
    refused(await service.post(path, note), 403, "forbidden")
    assert succeeded(await service.post(path, note, key=service.officers[0]))["state"] == "open"
    assert succeeded(await approve(service, filed["request_id"]))["state"] == "open"
    assert await service.count("lookups") == 1


@pytest.mark.rule("R6")
async def test_access_needs_two_different_officers(service: Running) -> None:
    """Nothing of a person is given out before two different officers have approved."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "access", ADA))["request_id"]
    refused(await fetch(service, request_id, "package"), 409, "rights-request-not-ready")
    for _ in range(2):
        assert succeeded(await approve(service, request_id))["state"] == "open"
        refused(await fetch(service, request_id, "package"), 409, "rights-request-not-ready")
    assert succeeded(await approve(service, request_id, 1))["state"] == "running"
    assert (await fetch(service, request_id, "package")).status_code == 200
    shown = succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))
    assert (shown["state"], len(set(shown["approved_by"]))) == ("completed", 2)


@pytest.mark.rule("R6")
async def test_erasure_needs_two_different_officers(service: Running) -> None:
    """Nobody is erased before two different officers have approved."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    for _ in range(2):
        assert succeeded(await approve(service, request_id))["state"] == "open"
        assert (await service.check(ADA, "analytics"))["allowed"]
    assert succeeded(await approve(service, request_id, 1))["state"] == "completed"
    assert not (await service.check(ADA, "analytics"))["allowed"]


@pytest.mark.rule("R6")
async def test_who_filed_a_request_does_not_approve_it(service: Running) -> None:
    """An officer who filed a request is not one of those who approve it, and a server approves nothing."""
    body = filing("erasure", ADA) | {"verified": None}
    filed = succeeded(await service.post(REQUESTS, body, key=service.officers[0]), 202)
    path = f"{REQUESTS}/{filed['request_id']}"
    succeeded(await service.post(f"{path}/verify", {"note": "a colleague of years"}, key=service.officers[1]))
    refused(await approve(service, filed["request_id"], 0), 403, "approval-refused")
    refused(await service.post(f"{path}/approve"), 403, "forbidden")
    assert succeeded(await approve(service, filed["request_id"], 1))["state"] == "open"
    assert await service.count("rights_approvals") == 1


@pytest.mark.rule("R6")
@pytest.mark.parametrize("right", ["restriction", "objection", "rectification"])
async def test_what_is_served_on_approval_needs_two_different_officers(service: Running, right: str) -> None:
    """Approvals of one officer, however many and at once, are one; a second officer's serves the request, once."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, right, ADA, **MORE[right]))["request_id"]
    alone = await asyncio.gather(*(approve(service, request_id) for _ in range(8)))
    assert {succeeded(answer)["state"] for answer in alone} == {"open"}
    assert (await service.check(ADA, "analytics"))["allowed"]
    both = await asyncio.gather(*(approve(service, request_id, turn % 2) for turn in range(8)))
    assert succeeded(both[-1])["state"] == "completed"
    assert not (await service.check(ADA, "analytics"))["allowed"]
    done = "SELECT count(*) FROM ledger_entries WHERE kind = $1"
    assert await service.database.fetchval(done, right) == 1
    assert await service.count("rights_approvals") == 2


@pytest.mark.rule("R14")
async def test_erasing_twice_is_success_with_one_certificate(service: Running) -> None:
    """Approving a completed erasure again, by whomever, changes nothing and leaves the one certificate."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    done = await approve_all(service, request_id)
    first = succeeded(await fetch(service, request_id, "certificate"))
    for officer in (0, 1, 0):
        assert succeeded(await approve(service, request_id, officer)) == done
    assert succeeded(await fetch(service, request_id, "certificate")) == first
    assert await _entries(service) == 1


@pytest.mark.rule("R14")
@pytest.mark.parametrize("whom", [ADA, UNKNOWN], ids=["known", "unknown"])
async def test_approvals_at_the_same_time_give_one_certificate(service: Running, whom: Mapping[str, str]) -> None:
    """However many approvals arrive at once, the erasure runs once, also where nobody is found."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", whom))["request_id"]

    async def approved_and_fetched(officer: int) -> str | None:
        succeeded(await approve(service, request_id, officer))
        return (await fetch(service, request_id, "certificate")).json().get("certificate")

    fetched = await asyncio.gather(*(approved_and_fetched(turn % 2) for turn in range(20)))
    (certificate,) = {one for one in fetched if one}
    told = await claims(service, certificate)
    erased = int(whom is ADA)
    assert (told["subjects"], len(told["entries"]), await _entries(service)) == (erased, erased, erased)


@pytest.mark.rule("R14")
async def test_a_new_request_gets_its_own_certificate(service: Running) -> None:
    """A request about somebody already erased gets a certificate that says that nothing was held."""
    await service.give(ADA, "analytics")
    first = await claims(service, await erase(service, ADA))
    second = await claims(service, await erase(service, ADA))
    assert (first["nothing_held"], second["nothing_held"]) == (False, True)
    assert first["request_id"] != second["request_id"]
    assert (second["subjects"], second["entries"], second["rows"]) == (0, [], {})
    assert first["rows"]["consent_state"] == first["rows"]["lookups"] == 1


@pytest.mark.rule("R14")
async def test_an_erasure_that_was_cut_short_is_finished_by_approving_again(service: Running) -> None:
    """A request that was approved but not erased when the process ended is erased by the next approval."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "erasure", ADA))["request_id"]
    await service.database.run(
        "test.cut_short",
        lambda c: c.execute("UPDATE rights_requests SET state = 'running' WHERE request_id = $1", UUID(request_id)),
    )
    assert succeeded(await approve(service, request_id))["state"] == "completed"
    assert await service.count("lookups") == 0


async def _entries(service: Running) -> int:
    return await service.database.fetchval("SELECT count(*) FROM ledger_entries WHERE kind = 'erasure'")


def _without_id(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "request_id"}


@pytest.mark.rule("R12")
async def test_who_was_named_and_never_verified_can_be_erased_all_the_same(service: Running) -> None:
    """A request that ended keeps no identifier whose holder nobody verified, so that nothing of it is left behind."""
    victim = {"kind": "email", "value": "victim@example.com"}
    await service.give(victim, "analytics")
    body = {"right": "objection", "identifiers": [victim], "language": "en", "purposes": ["marketing_email"]}
    succeeded(await service.post(REQUESTS, {**body, "details": "of a stranger"}), 202)
    refusing = (await file(service, "access", victim, verified=None))["request_id"]
    reason = {"reason": "identity_not_verified", "text": "nobody answered"}
    succeeded(await service.post(f"{REQUESTS}/{refusing}/refuse", reason, key=service.officers[0]))
    left = "SELECT count(*) FROM rights_requests WHERE unverified <> '{}' OR details IS NOT NULL"
    assert await service.database.fetchval(left) == 0
    request_id = (await file(service, "erasure", victim))["request_id"]
    assert (await approve_all(service, request_id))["state"] == "completed"


@pytest.mark.rule("R15")
async def test_who_comes_again_before_the_scan_does_not_hold_up_the_certificate(service: Running) -> None:
    """A fresh grant between the erasure and the scan makes somebody new, of whom nothing counts as left behind."""
    again = {"kind": "email", "value": "again@example.com"}
    await service.give(again, "analytics")
    request_id = (await file(service, "erasure", again))["request_id"]
    erasures = service.desks.erasures
    every, erasures.steps = erasures.steps, erasures.steps[:2]
    assert (await approve_all(service, request_id))["state"] == "running"
    await service.give(again, "analytics")
    erasures.steps = every
    assert await erasures.go_on_all() == 1
    assert (await service.check(again, "analytics"))["allowed"]
