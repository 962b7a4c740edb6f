"""The short way to a handler answers as the router does."""

import json
from collections.abc import Mapping
from typing import Any, cast

import httpx
import pytest

from service.app import create_router
from service.kernel.envelope import Envelope
from service.kernel.express import Express
from tests.running import NOTICE, ORIGIN, Running, customer

NOW = "2026-06-01T12:00:00Z"
STRANGER = {"subject": customer("nobody-yet")}
GOOD: Mapping[str, Any] = {
    "/v1/cookies": None,
    "/v1/consents": {
        **STRANGER,
        "site": "shop",
        "decisions": {"analytics": "refused"},
        "notice": NOTICE,
        "method": "form",
    },
    "/v1/consents/withdraw": {**STRANGER, "purposes": "all", "site": "shop"},
    "/v1/consents/check": {**STRANGER, "purposes": ["analytics"]},
    "/v1/consents/check/batch": {"checks": [{**STRANGER, "purposes": ["analytics"]}]},
    "/v1/consents/history": STRANGER,
    "/v1/consents/status": STRANGER,
    "/v1/objections": {**STRANGER, "purposes": ["marketing_email"]},
    "/v1/restrictions": {**STRANGER, "reason": "accuracy"},
    "/v1/restrictions/lift": {**STRANGER, "told": "by letter"},
    "/v1/subjects/link": {"anonymous": {"kind": "cookie", "value": "invented"}, "known": customer("nobody-yet")},
    "/v1/subjects/unlink": {"identifier": {"kind": "cookie", "value": "invented"}},
    "/v1/pseudonyms": {"recipient": "crm", "subjects": [customer("nobody-yet")]},
    "/v1/touchpoints": {"touchpoints": [{**STRANGER, "event": "view", "channel": "web", "occurred_at": NOW}]},
    "/v1/journeys/position": STRANGER,
    "/v1/decisions": {**STRANGER, "site": "shop", "placements": ["home_hero"]},
    "/v1/interactions": {"interactions": [{"token": "invented", "event": "click", "occurred_at": NOW}]},
    "/v1/bundles": {"digest": f"sha256:{'0' * 64}"},
    "/v1/ledger/gap/closures": {"note": "nothing is missing"},
    "/v1/rights/requests": {"right": "access", "identifiers": [customer("nobody-yet")], "language": "it"},
}
"""A body for each operation that goes the short way; to be refused for what one asks is an answer too."""


def asked_of(service: Running, body: Any) -> dict[str, dict[str, Any]]:
    """Requests with one body, good and bad, by what is particular about them."""
    key = {"Authorization": f"Bearer {service.secret_key}", "Placet-Now": NOW}
    officer = {"Authorization": f"Bearer {service.officers[0]}"}
    page = {"Authorization": f"Bearer {service.browser_key}", "Origin": ORIGIN, "Placet-Cookie": "invented"}
    text = {"Content-Type": "text/plain"}
    return {
        "good": {"json": body, "headers": key},
        "of an officer": {"json": body, "headers": officer},
        "of a page": {"json": body, "headers": page},
        "without a key": {"json": body},
        "unknown field": {"json": {**(body or {}), "surprise": 1}, "headers": key},
        "broken": {"content": b'{"subject": ', "headers": {**key, "Content-Type": "application/json"}},
        "empty": {"headers": key},
        "empty, of an officer": {"headers": officer},
        "as text": {"content": json.dumps(body), "headers": {**key, **text}},
        "key twice": {"json": body, "headers": [*key.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]},
        "long key": {"json": body, "headers": {**key, "Idempotency-Key": "k" * 201}},
        "another origin": {"json": body, "headers": {**page, "Origin": "https://elsewhere.example"}},
        "odd time": {"json": body, "headers": {**key, "Placet-Now": "yesterday"}},
    }


def test_every_operation_that_goes_the_short_way_is_compared(service: Running) -> None:
    """A handler that begins to qualify has to be entered above."""
    assert Express(create_router(service.desks)).paths == GOOD.keys()


@pytest.mark.parametrize("path", GOOD)
async def test_both_ways_give_one_answer(service: Running, path: str) -> None:
    """Status, headers and body, whatever is asked, but for what is new in each answer."""
    router = create_router(service.desks)
    for name, request in asked_of(service, GOOD[path]).items():
        short, long = [await _answer(app, path, request) for app in (Express(router), router)]
        assert short == long, name


async def _answer(app: Any, path: str, request: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    inside = Envelope(app, most_bytes=1024)

    async def served(scope: Any, receive: Any, send: Any) -> None:
        await inside(scope | {"state": {}}, receive, send)

    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        answer = await client.post(path, **request)
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "content-length"}}
    return answer.status_code, headers, _constant(answer.json())


def _constant(content: Any) -> Any:
    """The content, without what no two answers share: identifiers of ours, times, signatures."""
    new = {
        "instance",
        "due_at",
        "value",
        "entry_id",
        "subject_id",
        "request_id",
        "receipt",
        "recorded_at",
        "effective_at",
        "proof",
    }
    if isinstance(content, dict):
        members = cast("dict[str, Any]", content)
        return {name: None if name in new else _constant(inner) for name, inner in members.items()}
    return [_constant(inner) for inner in cast("list[Any]", content)] if isinstance(content, list) else content
