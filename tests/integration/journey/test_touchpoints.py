"""Touchpoints over HTTP: how many at once, which are the same, what is refused, and what is stored of them."""

from typing import Any

import pytest

from tests.consenting import DAY, HOUR, NOON, text
from tests.running import Running, contact, customer, refused, succeeded

NOW = text(NOON)
ADA, BOB = customer("ada-marker"), customer("bob-marker")
TOUCHPOINTS = "/v1/touchpoints"


@pytest.fixture
async def service(service: Running) -> Running:
    """The service, with two people who have agreed."""
    for person in (ADA, BOB):
        await service.give(person, "personalization", now=NOW)
    return service


async def test_the_same_id_is_a_duplicate(service: Running) -> None:
    """An id of the sender's names one contact of one person, in the same call and in later ones."""
    once = contact(ADA, "purchase", NOW, id="line-7")
    outcomes = await service.touch_all([once, once, contact(BOB, "purchase", NOW, id="line-7")], now=NOW)
    assert [outcome["outcome"] for outcome in outcomes] == ["stored", "duplicate", "stored"]
    assert await service.touch(ADA, "search", NOW, id="line-7", now=NOW) == {"outcome": "duplicate"}
    assert await service.count("touchpoints") == 2
    assert (await service.position(ADA, now=NOW))["evidence"] == {"do": 8.0}


async def test_without_an_id_nothing_is_a_duplicate(service: Running) -> None:
    """Two contacts that are alike in everything are two."""
    outcomes = await service.touch_all([contact(ADA, "purchase", NOW)] * 2, now=NOW)
    outcomes.append(await service.touch(ADA, "purchase", NOW, now=NOW))
    assert [outcome["outcome"] for outcome in outcomes] == ["stored"] * 3
    assert (await service.position(ADA, now=NOW))["evidence"] == {"do": 24.0}


async def test_an_id_may_hold_anything_and_is_not_stored(service: Running) -> None:
    """Of a sender's id only a keyed hash is kept, which differs from person to person."""
    await service.touch_all([contact(person, "search", NOW, id="ada@example.com") for person in (ADA, BOB)], now=NOW)
    rows = await service.database.fetch("SELECT t::text AS row, touchpoint_id FROM touchpoints t")
    assert len({row["touchpoint_id"] for row in rows}) == 2
    assert not any("ada@" in row["row"] for row in rows)


async def test_five_hundred_in_one_call(service: Running) -> None:
    """Five hundred touchpoints are kept in one call; one more is refused, and nothing of it is stored."""
    most = [contact((ADA, BOB)[n % 2], "search", NOW, id=f"line-{n}") for n in range(500)]
    outcomes = await service.touch_all(most, now=NOW)
    assert [outcome["outcome"] for outcome in outcomes] == ["stored"] * 500
    problem = refused(
        await service.post(TOUCHPOINTS, {"touchpoints": [*most, contact(ADA, "search", NOW)]}, now=NOW),
        422,
        "invalid-body",
    )
    assert problem["errors"][0]["path"] == "$.touchpoints"
    refused(await service.post(TOUCHPOINTS, {"touchpoints": []}, now=NOW), 422, "invalid-body")
    assert await service.count("touchpoints") == 500


async def test_repeating_a_call_with_its_key_changes_nothing(service: Running) -> None:
    """The same Idempotency-Key gets the first answer again; with another body it is a conflict."""
    headers = {"Idempotency-Key": "call-1"}
    body = {"touchpoints": [contact(ADA, "search", NOW), contact(customer("stranger"), "search", NOW)]}
    first, second = [await service.post(TOUCHPOINTS, body, now=NOW, headers=headers) for _ in range(2)]
    assert succeeded(first) == succeeded(second)
    other = {"touchpoints": [contact(BOB, "search", NOW)]}
    refused(await service.post(TOUCHPOINTS, other, now=NOW, headers=headers), 409, "idempotency-conflict")
    assert await service.count("touchpoints") == 1


WRONG: list[tuple[dict[str, Any], str, str, str]] = [
    ({"channel": "planted"}, "touchpoint-refused", "$.touchpoints[1].channel", "channels.toml has: ads, app"),
    ({"occurred_at": text(NOON + HOUR)}, "touchpoint-refused", "$.touchpoints[1].occurred_at", "future"),
    (
        {"occurred_at": text(NOON - 1096 * DAY)},
        "touchpoint-refused",
        "$.touchpoints[1].occurred_at",
        "oldest-touchpoint",
    ),
    ({"properties": {"planted": "x"}}, "touchpoint-refused", "$.touchpoints[1].properties", "product, category"),
    ({"channel": "ads", "properties": {"amount": 5}}, "touchpoint-refused", "$.touchpoints[1].properties", "campa"),
    ({"subject": {"kind": "planted", "value": "x"}}, "identifier-refused", "$.touchpoints[1].subject", "email"),
    ({"subject": {"kind": "email", "value": "planted"}}, "identifier-refused", "$.touchpoints[1].subject", "email"),
    ({"subject": None}, "subject-missing", "$.touchpoints[1].subject", "say it in `subject`"),
    ({"event": "Planted Event"}, "invalid-body", "$.touchpoints[1].event", ""),
    ({"sentiment": 7}, "invalid-body", "$.touchpoints[1].sentiment", ""),
    ({"sentiment": "2"}, "invalid-body", "$.touchpoints[1].sentiment", ""),
    ({"occurred_at": "2026-03-01T10:00:00"}, "invalid-body", "$.touchpoints[1].occurred_at", ""),
    ({"properties": {"product": ["planted"]}}, "invalid-body", "$.touchpoints[1].properties", ""),
    ({"planted": "x"}, "invalid-body", "$.touchpoints[1]", ""),
    ({"id": ""}, "invalid-body", "$.touchpoints[1].id", ""),
]
"""What is wrong with a touchpoint, the problem, the place to which it points, and a part of the remedy."""


async def test_one_wrong_touchpoint_refuses_the_call(service: Running) -> None:
    """A 4xx that names the place and the remedy and repeats nothing that was sent; nothing of the call is stored."""
    for wrong, slug, path, remedy in WRONG:
        body = {"touchpoints": [contact(ADA, "search", NOW), contact(ADA, "search", NOW) | wrong]}
        problem = refused(await service.post(TOUCHPOINTS, body, now=NOW), 422, slug)
        (fault,) = problem["errors"]
        assert fault["path"].startswith(path)
        assert remedy in fault["message"], wrong
        assert "planted" not in str(problem).lower()
    assert await service.count("touchpoints") == 0


async def test_every_mistake_is_told_at_once(service: Running) -> None:
    """Whoever sends many touchpoints learns of all that is wrong with them."""
    wrong = contact(ADA, "search", text(NOON + HOUR), channel="nowhere")
    problem = refused(
        await service.post(TOUCHPOINTS, {"touchpoints": [wrong, wrong]}, now=NOW), 422, "touchpoint-refused"
    )
    assert [fault["path"] for fault in problem["errors"]] == [
        f"$.touchpoints[{place}].{name}" for place in (0, 1) for name in ("channel", "occurred_at")
    ]


async def test_what_else_is_said_is_sealed(service: Running) -> None:
    """Properties are stored, but readable only with the key."""
    await service.touch(ADA, "purchase", NOW, now=NOW, sentiment=2, properties={"product": "planted-product"})
    row = await service.database.fetchrow("SELECT * FROM touchpoints")
    assert row["sentiment"] == 2
    assert b"planted" not in row["properties"]
    seals = await service.desks.keys.seals([row["subject_id"]])
    opened = seals.open("touchpoints", "properties", row["subject_id"], row["properties"])
    assert opened == b'{"product":"planted-product"}'
