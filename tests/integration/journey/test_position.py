"""Where people are in a journey, over HTTP: only with consent, by evidence that fades, back as well as forward."""

from datetime import timedelta
from typing import Any

import pytest

from tests.consenting import DAY, HOUR, NOON, text, visitor
from tests.running import Running, customer, refused, succeeded
from tests.visiting import REASONS, leave

NOW = text(NOON)
ADA, BOB = customer("ada-marker"), customer("bob-marker")
POSITION = "/v1/journeys/position"


@pytest.mark.parametrize("reason", REASONS)
async def test_nobody_is_placed_without_consent(service: Running, reason: str) -> None:
    """A position is a profile: 403 without consent for the journey's purpose, and the problem names no one."""
    await leave(service, ADA, reason)
    problem = refused(await service.post(POSITION, {"subject": ADA}, now=NOW), 403, "consent-required")
    assert reason in problem["detail"]
    assert ADA["value"] not in str(problem)


async def test_evidence_halves_and_expires(service: Running) -> None:
    """Evidence halves every half-life of the journey and is gone after its expiry, and the stage with it."""
    await service.give(ADA, "personalization", now=NOW)
    await service.touch(ADA, "search", NOW, now=NOW)
    evidence: dict[timedelta, Any] = {}
    for after in (timedelta(0), 7 * DAY, 14 * DAY, 180 * DAY - HOUR, 180 * DAY):
        place = await service.position(ADA, now=text(NOON + after))
        evidence[after] = place["evidence"].get("think")
        assert place["stage"] == ("think" if after < 180 * DAY else None)
    assert list(evidence.values())[:3] == [2.0, 1.0, 0.5]
    assert 0 < evidence[180 * DAY - HOUR] < 1e-6
    assert evidence[180 * DAY] is None


async def test_people_move_back(service: Running) -> None:
    """A slight lead moves nobody; a clear one for an earlier stage does, and the answer says from where."""
    await service.give(ADA, "personalization", now=NOW)
    steps: list[tuple[Any, Any, Any]] = []
    for days, event in enumerate(["search", "checkout", "search", "search", "compare"]):
        when = text(NOON + days * DAY)
        await service.touch(ADA, event, when, now=when)
        place = await service.position(ADA, now=when)
        steps.append((place["stage"], place["previous"], place["since"]))
    to_think, to_do, back = [text(NOON + days * DAY) for days in (0, 1, 4)]
    assert steps == [
        ("think", None, to_think),
        ("do", "think", to_do),
        ("do", "think", to_do),
        ("do", "think", to_do),
        ("think", "do", back),
    ]


async def test_where_it_happens_matters(service: Running) -> None:
    """Whoever buys in the shop walks out with it; an order from afar is not in use yet."""
    for person, channel, stage in ((ADA, "shop", "care"), (BOB, "web", "do")):
        await service.give(person, "personalization", now=NOW)
        await service.touch(person, "purchase", NOW, channel=channel, now=NOW)
        assert (await service.position(person, now=NOW))["stage"] == stage


async def test_other_journeys_see_the_same_touchpoints(service: Running) -> None:
    """Each journey of the bundle has its own stages for the same contacts."""
    await service.give(ADA, "personalization", now=NOW)
    await service.touch(ADA, "search", NOW, now=NOW)
    stages = [
        (await service.position(ADA, journey=name, now=NOW))["stage"]
        for name in ("see-think-do-care", "aida", "five-phases")
    ]
    known = service.desks.policy.current.journeys
    assert stages[0] == "think"
    assert stages[1] in {stage.id for stage in known["aida"].stages}
    assert stages[2] in {stage.id for stage in known["five-phases"].stages}
    problem = refused(
        await service.post(POSITION, {"subject": ADA, "journey": "secret-name"}, now=NOW), 422, "journey-unknown"
    )
    assert "aida, five-phases, see-think-do-care" in problem["errors"][0]["message"]
    assert "secret-name" not in str(problem)


async def test_a_visitor_is_placed_by_their_own_contacts(service: Running) -> None:
    """A browser reports for its own cookie alone, and cannot ask where anybody is."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    own = {"event": "search", "channel": "web", "occurred_at": NOW}
    reported = await service.browse("/v1/touchpoints", {"touchpoints": [own]}, cookie=cookie)
    assert succeeded(reported)["outcomes"] == [{"outcome": "stored"}]
    other = {"touchpoints": [own, {**own, "subject": ADA}]}
    refused(await service.browse("/v1/touchpoints", other, cookie=cookie), 403, "not-your-subject")
    refused(await service.browse("/v1/touchpoints", {"touchpoints": [own]}), 422, "subject-missing")
    refused(await service.browse(POSITION, {}, cookie=cookie), 403, "forbidden")
    assert await service.count("touchpoints") == 1
