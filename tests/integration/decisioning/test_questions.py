"""What can be asked of decisions over HTTP, and what is refused."""

from typing import Any

from tests.consenting import visitor
from tests.running import Running, customer, refused, succeeded
from tests.visiting import PLACEMENTS, rows, walk

DECISIONS = "/v1/decisions"
ADA = customer("ada-marker")
ASKED = {"subject": ADA, "site": "shop", "placements": ["home_hero"]}


DECLARED = "cart_value, delivery_by, device, page_category, referrer"
CONTEXTS: list[tuple[dict[str, Any], str, str]] = [
    ({"device": "planted"}, "$.context.device", "mobile | tablet | desktop"),
    ({"device": 1}, "$.context.device", "mobile | tablet | desktop"),
    ({"device": None}, "$.context.device", "mobile | tablet | desktop"),
    ({"device": ["mobile"]}, "$.context.device", "mobile | tablet | desktop"),
    ({"cart_value": "4000"}, "$.context.cart_value", "number"),
    ({"cart_value": True}, "$.context.cart_value", "number"),
    ({"cart_value": {"planted": 1}}, "$.context.cart_value", "number"),
    ({"delivery_by": "tomorrow"}, "$.context.delivery_by", "date"),
    ({"delivery_by": "2026-02-30"}, "$.context.delivery_by", "date"),
    ({"delivery_by": 20260301}, "$.context.delivery_by", "date"),
    ({"planted": "x"}, "$.context", DECLARED),
    ({"stage": "do"}, "$.context", DECLARED),
    ({"lifetime_orders": 9}, "$.context", DECLARED),
    ({"today": "2026-03-01"}, "$.context", DECLARED),
]
"""What a page cannot say of itself, where the problem points, and what it says can be said."""


async def test_a_context_that_the_bundle_does_not_declare_is_refused(service: Running) -> None:
    """A field of the person cannot be sent along, nor a value of another type; the problem says what can be."""
    await walk(service, ADA)
    before = await rows(service)
    for context, path, remedy in CONTEXTS:
        problem = refused(await service.post(DECISIONS, ASKED | {"context": context}), 422, "decision-refused")
        (fault,) = problem["errors"]
        assert fault["path"] == path
        assert remedy in fault["message"], context
        assert "planted" not in str(problem)
    assert await rows(service) == before


async def test_every_mistake_of_a_context_is_told_at_once(service: Running) -> None:
    """Whoever sends a page's context learns of all that is wrong with it."""
    context = {"device": "planted", "cart_value": "planted", "planted": 1}
    problem = refused(await service.post(DECISIONS, ASKED | {"context": context}), 422, "decision-refused")
    assert [fault["path"] for fault in problem["errors"]] == ["$.context.device", "$.context.cart_value", "$.context"]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"site": "planted"}, "decision-refused", "$.site"),
    ({"placements": ["home_hero", "planted"]}, "decision-refused", "$.placements[1]"),
    ({"placements": ["home_hero", "home_hero"]}, "decision-refused", "$.placements"),
    ({"placements": []}, "invalid-body", "$.placements"),
    ({"placements": [f"placement-{n}" for n in range(21)]}, "invalid-body", "$.placements"),
    ({"placements": "home_hero"}, "invalid-body", "$.placements"),
    ({"planted": 1}, "invalid-body", "$"),
    ({"gpc": "1"}, "invalid-body", "$.gpc"),
    ({"language": ""}, "invalid-body", "$.language"),
    ({"context": []}, "invalid-body", "$.context"),
    ({"subject": "planted"}, "invalid-body", "$.subject"),
]


async def test_a_wrong_question_is_refused(service: Running) -> None:
    """A 4xx that names the place and repeats nothing that was sent."""
    for wrong, slug, path in WRONG:
        problem = refused(await service.post(DECISIONS, ASKED | wrong), 422, slug)
        assert problem["errors"][0]["path"] == path
        assert "planted" not in str(problem)


async def test_a_subject_that_cannot_be_named_is_refused(service: Running) -> None:
    """An identifier of no known kind or form is a mistake of the caller, not a stranger."""
    for subject in ({"kind": "planted", "value": "x"}, {"kind": "email", "value": "planted"}):
        problem = refused(await service.post(DECISIONS, ASKED | {"subject": subject}), 422, "identifier-refused")
        assert "planted" not in str(problem)


async def test_answers_come_in_the_order_of_the_question(service: Running) -> None:
    """Each placement is answered once, in its place, under the bundle in force."""
    for placements in (PLACEMENTS, PLACEMENTS[::-1]):
        decisions = await service.decide(None, *placements)
        assert tuple(decision["placement"] for decision in decisions) == placements
        assert {decision["bundle"] for decision in decisions} == {service.desks.policy.current.digest}
        assert {decision["propensity"] for decision in decisions} == {1.0}
        assert {(decision["token"], decision["explanation"]) for decision in decisions} == {(None, None)}


async def test_a_page_asks_for_its_own_visitor_and_site(service: Running) -> None:
    """A publishable key decides for its own cookie's subject on its own site alone."""
    cookie, _ = await visitor(service)
    body = {"site": "shop", "placements": ["home_hero"]}
    succeeded(await service.browse(DECISIONS, body, cookie=cookie))
    refused(await service.browse(DECISIONS, body | {"subject": ADA}, cookie=cookie), 403, "not-your-subject")
    refused(await service.browse(DECISIONS, body | {"site": "other"}, cookie=cookie), 403, "forbidden")
    refused(await service.browse(DECISIONS, body, origin="https://elsewhere.example"), 403, "forbidden")
    refused(await service.browse(DECISIONS, body, cookie="invented"), 422, "identifier-refused")
    refused(await service.post(DECISIONS, ASKED, key=await service.key("consent:read")), 403, "forbidden")
