"""`placet rights` as an operator runs it: what it says of requests and of breaches, and that it names nobody."""

import asyncio
import json
import sys
from typing import Any

import pytest

from tests.filing import approve_all, file
from tests.integration.cli.playing import ROOT, Ended, ended
from tests.rotating import settings_of
from tests.running import Running, customer

OLD, NEW = "2026-03-02T10:00:00Z", "2026-11-02T10:00:00Z"
ADA = {"kind": "email", "value": "ada.marker@example.com"}


async def placet(service: Running, *arguments: str) -> Ended:
    """A command of `placet`, run to its end."""
    return await ended(
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service.cli", *arguments),
            cwd=ROOT,
            env=settings_of(service),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    )


async def listed(service: Running, *arguments: str) -> list[dict[str, Any]]:
    """The requests that the command lists for programs."""
    answer = await placet(service, "rights", "list", "--json", *arguments)
    assert answer.status == 0, answer.complained
    return [json.loads(line) for line in answer.said.splitlines()]


async def test_requests_are_listed_by_urgency_and_name_nobody(service: Running) -> None:
    """The most urgent request comes first, what is overdue is marked, and no identifier is shown."""
    later = (await file(service, "erasure", ADA, now="2099-11-02T10:00:00Z"))["request_id"]
    overdue = (await file(service, "access", ADA, now=OLD))["request_id"]
    shown = await listed(service)
    assert [(each["request_id"], each["overdue"]) for each in shown] == [(overdue, True), (later, False)]
    assert shown[0]["days_left"] < 0 < shown[1]["days_left"]
    assert [each["request_id"] for each in await listed(service, "--due-before", "2030-01-01")] == [overdue]
    words = await placet(service, "rights", "list")
    assert words.said.splitlines()[0].endswith("OVERDUE")
    assert "marker" not in words.said + words.complained


async def test_requests_are_listed_by_state(service: Running) -> None:
    """What is done has no clock any more, and can be left out."""
    done = (await file(service, "erasure", ADA, now=OLD))["request_id"]
    await approve_all(service, done)
    await file(service, "access", ADA, now=OLD)
    (completed,) = await listed(service, "--state", "completed")
    assert (completed["request_id"], completed["days_left"], completed["overdue"]) == (done, None, False)
    assert (await placet(service, "rights", "list", "--state", "nosuch")).status == 2


async def test_those_whom_a_breach_touches_are_counted(service: Running) -> None:
    """People and records are counted by category, those since a time alone, and whoever was erased is nobody."""
    for number in range(12):
        await service.give(customer(f"c-{number}"), "personalization", now=OLD)
        await service.touch(customer(f"c-{number}"), "search", OLD, now=OLD if number else NEW)
    found = await affected(service, "--table", "touchpoints", "--table", "lookups")
    assert found["people"] == 12
    records = {group["category"]: group["records"] for group in found["categories"] if group["people"] == 12}
    assert records["behaviour"] == {"touchpoints": 12}
    assert records["contact"] == {"lookups": 12}
    assert records["pseudonym"] == {"lookups": 12, "touchpoints": 12}
    await approve_all(service, (await file(service, "erasure", customer("c-1")))["request_id"])
    assert (await affected(service, "--table", "touchpoints"))["people"] == 11


async def test_few_people_are_not_told_from_one(service: Running) -> None:
    """Of fewer than ten people neither their number nor that of their records is told."""
    await service.give(ADA, "personalization", now=OLD)
    await service.touch(ADA, "search", OLD, now=OLD)
    found = await affected(service, "--since", "2026-01-01")
    assert (found["people"], found["fewer_than"]) == (None, 10)
    assert {(group["people"], group["records"]) for group in found["categories"]} == {(None, None)}
    nobody = await affected(service, "--table", "touchpoints", "--since", NEW)
    assert (nobody["people"], nobody["categories"]) == (0, [])
    words = await placet(service, "rights", "affected")
    assert "People affected: fewer than 10" in words.said


@pytest.mark.parametrize("arguments", [("--table", "bundles"), ("--table", "no such; --"), ("--since", "yesterday")])
async def test_a_table_without_people_is_refused(service: Running, arguments: tuple[str, str]) -> None:
    """A table that holds nobody's data, a name that is none, and a time that is none are refused as usage."""
    answer = await placet(service, "rights", "affected", *arguments)
    assert (answer.status, answer.said) == (2, "")


async def affected(service: Running, *arguments: str) -> dict[str, Any]:
    """What the command says of a breach to programs."""
    answer = await placet(service, "rights", "affected", "--json", *arguments)
    assert answer.status == 0, answer.complained
    return json.loads(answer.said)
