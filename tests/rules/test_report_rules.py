"""The rules of the report, over HTTP: only of people who allow it, and of no group that is too small."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from tests.consenting import HOUR, text
from tests.running import Running, contact, customer, refused, succeeded

REPORT = "/v1/journeys/see-think-do-care/report"
K = 10
STAGES = {"see": "ad_impression", "think": "search", "do": "add_to_cart", "care": "delivery"}
HIDDEN = {"people": "smallest_group"}


async def stand(service: Running, number: int, *events: str, channel: str = "web", name: str = "", **more: Any) -> None:
    """Let so many people agree and do these things, an hour after each other, until now."""
    people = [customer(f"{name}{'-'.join(events)}-{channel}-{n}") for n in range(number)]
    await asyncio.gather(*[service.give(person, "personalization") for person in people])
    now = datetime.now(UTC)
    contacts = [
        contact(person, event, text(now - (len(events) - place) * HOUR), channel=channel, **more)
        for person in people
        for place, event in enumerate(events)
    ]
    outcomes = await service.touch_all(contacts)
    assert {outcome["outcome"] for outcome in outcomes} == {"stored"}


async def reported(service: Running, **question: str) -> dict[str, Any]:
    """The report that an officer gets."""
    query = "&".join(f"{name}={value}" for name, value in question.items())
    return succeeded(await service.get(f"{REPORT}?{query}", key=service.officers[0]))


def by(rows: list[dict[str, Any]], name: str, figure: str = "people") -> dict[str | None, int | None]:
    """A figure of each row by the member that names it."""
    return {row[name]: row[figure] for row in rows}


def numbers(value: object) -> Iterator[int]:
    """Every number of people in a report."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, int) and name in {"people", "reached", "converted", "dropped_off", "others"}:
                yield inner
            elif name == "friction" and isinstance(inner, Mapping):
                yield from (number for number in inner.values() if number is not None)
            else:
                yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)


@pytest.mark.rule("D10")
async def test_no_small_group_is_told_of_nor_found_by_subtraction(service: Running) -> None:
    """What fewer than k people did is null with its reason, and so is the smallest other part of the same whole."""
    await stand(service, 14, STAGES["think"])
    await stand(service, 4, STAGES["do"])
    await stand(service, 12, STAGES["care"])
    report = await reported(service)
    assert (report["smallest_group"], report["people"]) == (K, 30)
    assert by(report["stages"], "stage") == {"see": 0, "think": 14, "do": None, "care": None, None: 0}
    assert [row["withheld"]["people"] for row in report["stages"] if row["people"] is None] == ["smallest_group"] * 2
    assert not {*numbers(report)} & {*range(1, K)}


@pytest.mark.rule("D10")
async def test_two_reports_do_not_tell_what_one_withholds(service: Running) -> None:
    """A figure of who used a channel is withheld if so few did not that subtracting it from all would tell of them."""
    await stand(service, 20, STAGES["think"], channel="web")
    await stand(service, 3, STAGES["think"], channel="app")
    await stand(service, 15, STAGES["do"], channel="app")
    everybody, on_web, on_app = [
        by((await reported(service, **question))["stages"], "stage")
        for question in ({}, {"channel": "web"}, {"channel": "app"})
    ]
    assert (everybody["think"], everybody["do"]) == (23, 15)
    for stage, filtered in product(everybody, (on_web, on_app)):
        told, whole = filtered[stage], everybody[stage]
        if told is not None and whole is not None:
            assert told not in range(1, K)
            assert whole - told not in range(1, K)
    assert (on_web["think"], on_app["think"]) == (None, None)


@pytest.mark.rule("D10")
async def test_means_of_few_people_are_gone(service: Running) -> None:
    """How something felt is told only where enough people said so."""
    await stand(service, 11, "search", sentiment=1)
    await stand(service, 9, "view_product", sentiment=-2)
    await stand(service, 9, "view_product", name="silent-")
    report = await reported(service)
    felt = by(report["touchpoints"], "event", "sentiment")
    assert felt == {"search": 1.0, "view_product": None}
    (product,) = [row for row in report["touchpoints"] if row["event"] == "view_product"]
    assert product["withheld"] == {"sentiment": "smallest_group", "gap": "smallest_group"}


@pytest.mark.rule("D10")
async def test_a_report_of_few_people_tells_nothing(service: Running) -> None:
    """Where all people together are too few, every figure is withheld."""
    await stand(service, K - 1, "search", "add_to_cart", "search")
    report = await reported(service)
    assert report["withheld"]["people"] == "smallest_group"
    assert {*numbers(report)} <= {0}


@pytest.mark.rule("D10")
async def test_moving_a_limit_by_a_second_tells_nobody_apart(service: Running) -> None:
    """A time is taken as its day, so that two reports of one day are the same."""
    await stand(service, 12, "search")
    day = datetime.now(UTC).date()
    told = [await reported(service, **{"from": f"{day}T{time}Z"}) for time in ("00:00:00", "12:00:00", "23:59:59")]
    assert told[0]["people"] == 12
    assert told[0] == told[1] == told[2] == await reported(service, **{"from": str(day)})


@pytest.mark.rule("D1")
async def test_a_report_tells_only_of_who_allows_it_now(service: Running) -> None:
    """Who withdrew or was never asked is in no figure, and what was kept before a new grant counts no more."""
    await stand(service, 15, "search")
    await stand(service, 12, "add_to_cart")
    leaving = [customer(f"search-web-{n}") for n in range(3)]
    for person in leaving:
        await service.withdraw(person)
    await service.give(leaving[0], "personalization")
    await service.give(customer("of analytics alone"), "analytics")
    await service.touch(customer("of analytics alone"), "search", text(datetime.now(UTC)))
    report = await reported(service)
    assert report["people"] == 24
    assert by(report["stages"], "stage") == {"see": 0, "think": 12, "do": 12, "care": 0, None: 0}


async def test_who_may_read_reports(service: Running) -> None:
    """An officer, and a server whose key has the scope; no browser, and no other key."""
    narrow, wide = await service.key("journey:read"), await service.key("reports:read")
    page = {"key": service.browser_key, "headers": {"Origin": "http://127.0.0.1:8000"}}
    refused(await service.get(REPORT, key=narrow), 403, "forbidden")
    refused(await service.get(REPORT, **page), 403, "forbidden")  # pyright: ignore[reportArgumentType] - its own words
    for key in (wide, *service.officers):
        assert succeeded(await service.get(REPORT, key=key))["journey"] == "see-think-do-care"


@pytest.mark.parametrize(
    ("query", "status", "slug", "path"),
    [
        ("from=yesterday", 422, "invalid-body", "query.from"),
        ("to=2026-13-01", 422, "invalid-body", "query.to"),
        ("channel=nowhere", 422, "report-refused", "query.channel"),
        ("persona=nobody", 422, "report-refused", "query.persona"),
        ("to=2999-01-01", 422, "report-refused", "query.to"),
        ("from=2020-01-01", 422, "report-refused", "query.from"),
    ],
)
async def test_what_cannot_be_told_is_refused(service: Running, query: str, status: int, slug: str, path: str) -> None:
    """A question that makes no sense is a problem with its place."""
    problem = refused(await service.get(f"{REPORT}?{query}", key=service.officers[0]), status, slug)
    assert [fault["path"] for fault in problem["errors"]] == [path]


async def test_a_journey_that_is_not_there_is_not_found(service: Running) -> None:
    """The problem names those that are."""
    problem = refused(await service.get("/v1/journeys/odyssey/report", key=service.officers[0]), 404, "not-found")
    assert "see-think-do-care" in problem["detail"]
