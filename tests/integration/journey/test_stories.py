"""A story for each journey that ships, told over HTTP and to `placet journeys simulate`: both say the same."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.main import main
from tests.conftest import ROOT
from tests.consenting import DAY, HOUR, NOON, text
from tests.running import Running, customer
from tests.visiting import KEEPING

Chapter = tuple[float, str, str, str | None]
"""On which day, what happened and where, and the stage from then on."""

CONSUMER: list[Chapter] = [
    (0, "ad_impression", "social", "see"),
    (1, "read_story", "web", "see"),
    (2, "search", "web", "see"),
    (2.1, "view_product", "web", "think"),
    (3, "compare", "app", "think"),
    (4, "try_on", "shop", "think"),
    (5, "compare", "web", "think"),
    (6, "click_and_collect", "shop", "do"),
    (6.1, "purchase", "shop", "do"),
    (10, "review", "web", "care"),
    (20, "newsletter_open", "email", "care"),
    (27, "search", "web", "think"),
    (28, "view_product", "web", "think"),
    (29, "add_to_cart", "web", "do"),
    (30, "purchase", "web", "do"),
    (33, "delivery", "web", "care"),
    (40, "support_contact", "support", "care"),
    (60, "relationship_ended", "crm", None),
    (90, "social_view", "social", "see"),
]
"""From the first glance through the shop and back, to a second order, an end, and a beginning."""
BUSINESS: list[Chapter] = [
    (0, "industry_report", "web", "see"),
    (5, "demo_request", "web", "think"),
    (9, "sales_talk", "crm", "do"),
    (12, "trial_start", "app", "do"),
    (20, "demo_request", "web", "think"),
    (26, "purchase", "crm", "do"),
    (27, "onboarding", "app", "do"),
    (34, "onboarding", "app", "care"),
    (60, "referral", "crm", "care"),
    (70, "demo_request", "web", "think"),
]
"""A company: a report, a demonstration, a talk, a trial, the contract, and what else might be of use."""
LINEAR: list[Chapter] = [
    (0, "ad_impression", "ads", "awareness"),
    (1, "search", "web", "interest"),
    (2, "view_product", "web", "interest"),
    (4, "compare", "web", "interest"),
    (5, "try_on", "shop", "desire"),
    (9, "checkout", "web", "desire"),
    (9.1, "purchase", "web", "action"),
    (80, "ad_impression", "ads", "awareness"),
]
"""Even who thinks in a line is noticed again one day."""
PHASES: list[Chapter] = [
    (0, "ad_impression", "ads", "need"),
    (3, "search", "web", "knowledge"),
    (4, "view_product", "web", "knowledge"),
    (5, "compare", "web", "information"),
    (8, "purchase", "shop", "purchase"),
    (9, "delivery", "shop", "post-sale"),
    (20, "review", "web", "post-sale"),
    (45, "view_product", "web", "post-sale"),
    (46, "compare", "web", "information"),
]
"""The five phases, and back among what there is to choose from."""
STORIES = [
    pytest.param("see-think-do-care", CONSUMER, 180, id="see-think-do-care"),
    pytest.param("see-think-do-care", BUSINESS, 180, id="business"),
    pytest.param("aida", LINEAR, 180, id="aida"),
    pytest.param("five-phases", PHASES, 365, id="five-phases"),
]


def moves(story: Sequence[Chapter]) -> list[str | None]:
    """The stages of a story, each as often as somebody comes to it."""
    stages = [stage for *_, stage in story]
    return [stage for before, stage in zip([None, *stages], stages, strict=False) if stage != before]


@pytest.mark.parametrize(("journey", "story", "expiry_days"), STORIES)
async def test_the_service_tells_the_story(
    service: Running, journey: str, story: list[Chapter], expiry_days: int
) -> None:
    """After each chapter the stage is the one of the story, with the one before it, and in the end evidence expires."""
    ada = customer("ada-marker")
    await service.give(ada, *KEEPING, now=text(NOON))
    place = await service.position(ada, journey=journey, now=text(NOON))
    for day, event, channel, stage in story:
        now, before = text(NOON + day * DAY), place
        assert (await service.touch(ada, event, now, channel=channel, now=now))["outcome"] == "stored"
        place = await service.position(ada, journey=journey, now=now)
        assert place["stage"] == stage, (event, place)
        if stage is not None and before["stage"] not in {stage, None}:
            assert (place["previous"], place["since"]) == (before["stage"], now)
    renewed = text(NOON + (story[-1][0] + 1) * DAY)
    await service.give(ada, *KEEPING, now=renewed)  # so that it is the evidence that expires
    last = NOON + story[-1][0] * DAY + expiry_days * DAY
    assert (await service.position(ada, journey=journey, now=text(last - HOUR)))["stage"] is not None
    assert (await service.position(ada, journey=journey, now=text(last)))["stage"] is None


@pytest.mark.parametrize(("journey", "story", "expiry_days"), STORIES)
def test_the_simulation_tells_the_same_story(
    journey: str, story: list[Chapter], expiry_days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moves of a log with the same events are those between the chapters, and the last is out of the journey."""
    monkeypatch.setenv("PLACET_POLICIES_DIR", str(ROOT / "policies"))
    over = (story[-1][0] + expiry_days, "no_rule_speaks_of_this", "crm", None)
    lines = [f"ada,{event},{channel},{text(NOON + day * DAY)}" for day, event, channel, _ in [*story, over]]
    log = tmp_path / "log.csv"
    log.write_text("\n".join(["subject,event,channel,occurred_at", *lines]))
    command = ["journeys", "simulate", str(log), "--journey", journey, "--json"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    (ada,) = json.loads(result.stdout)["people"]
    assert [move["to"] for move in ada["moves"]] == [*moves(story), None]
