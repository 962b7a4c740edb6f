"""Requests as they should be, to be spoilt, and what a problem has to look like."""

from typing import Any
from uuid import UUID

import httpx

from tests.running import NOTICE, Running, refused

MARKER = "zq-ada.marker@example.com"
SUBJECT = {"kind": "customer_id", "value": MARKER}
RECORD: dict[str, Any] = {
    "subject": SUBJECT,
    "site": "shop",
    "decisions": {"analytics": "given"},
    "notice": NOTICE,
    "method": "form",
}
TOUCHPOINT: dict[str, Any] = {
    "subject": SUBJECT,
    "event": "search",
    "channel": "web",
    "occurred_at": "2026-03-01T00:00:00Z",
}
QUESTION = {"subject": SUBJECT, "purposes": ["analytics"]}
DECISION = {"subject": SUBJECT, "site": "shop", "placements": ["home_hero"]}
FILING = {"right": "access", "identifiers": [SUBJECT], "language": "en"}
SECURITY = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
TIMES = [
    "2026-03-01T00:00:00",
    "2026-03-01",
    "2026-03-01T00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-03-01T25:00:00Z",
    "2026-03-01T23:59:60Z",
    "2026-03-01T00:00:00+25:00",
    "0001-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "3000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "+012026-03-01T00:00:00Z",
    "1772323200",
    "now",
    "",
    MARKER,
    1772323200,
    1772323200.5,
    True,
    [],
]


def problem(answer: httpx.Response, status: int, slug: str, *paths: str) -> dict[str, Any]:
    """The problem that an answer must be: well-formed, in its envelope, with the faults at these places and no echo."""
    found = refused(answer, status, slug)
    request_id = UUID(answer.headers["X-Request-Id"])
    assert (found["status"], found["instance"]) == (status, f"urn:uuid:{request_id}")
    assert found["title"]
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    assert tuple(fault["path"] for fault in found.get("errors", ())) == paths, found
    assert all(fault["message"] for fault in found.get("errors", ()))
    assert "zq-ada" not in answer.text.lower() + str(answer.headers).lower()
    return found


async def send(service: Running, path: str, content: bytes, **headers: str) -> httpx.Response:
    """POST bytes as they are."""
    own = {"Authorization": f"Bearer {service.secret_key}", "Content-Type": "application/json"}
    return await service.http.post(
        path, content=content, headers=own | {n.replace("_", "-"): v for n, v in headers.items()}
    )
