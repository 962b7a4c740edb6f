"""People for whom nothing may be profiled, each for a reason of their own, and how a page asks what to show them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.consenting import DAY, NOON, ON_CONSENT, YEAR, text, visitor
from tests.filing import erase
from tests.running import Json, Running, contact, customer, succeeded

KEEPING = ("analytics", "personalization")
"""The purposes of the shop that keep touchpoints."""
REASONS = ("unknown", "refused", "withdrawn", "expired")
"""Why a check may say no."""
PLACEMENTS = ("home_hero", "product_sidebar", "cart_banner", "account_banner", "newsletter_slot")
CONTEXT = {"device": "mobile", "page_category": "turntables", "cart_value": 4000}
"""A page that says enough of itself for an offer of its own on the first three placements."""
VISITORS = (
    "never seen",
    "nobody named",
    "refused everything",
    "withdrew everything",
    "consent expired",
    "was erased",
    "agreed to other purposes only",
    "says no by privacy signal",
    "browser without a cookie",
    "browser with a fresh cookie",
    "browser that withdrew",
)
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity a USING (pid)
WHERE a.datname = current_database() AND locktype = $1 AND NOT granted
"""
HISTORY = ("search", "view_product", "view_product", "view_product", "add_to_cart", "purchase", "delivery")

Decisions = list[dict[str, Any]]
Ask = Callable[..., Awaitable[Decisions]]
"""Asks for placements, as a page of the shop would for this visitor."""


async def leave(service: Running, subject: Json, reason: str) -> None:
    """Leave somebody where a check of what keeps touchpoints says no at noon, for this reason."""
    if reason == "refused":
        succeeded(await service.record(subject, dict.fromkeys(KEEPING, "refused"), now=text(NOON)), 201)
    elif reason != "unknown":
        long_ago = text(NOON - (YEAR if reason == "expired" else DAY))
        await service.give(subject, *KEEPING, now=long_ago)
        assert (await service.touch(subject, "search", long_ago, now=long_ago))["outcome"] == "stored"
    if reason == "withdrawn":
        await service.withdraw(subject, now=text(NOON))


async def walk(
    service: Running,
    subject: Json,
    *purposes: str,
    events: Sequence[str] = HISTORY,
    at: datetime | None = None,
    **more: Any,
) -> None:
    """Let somebody agree to purposes (all of the shop's, if none is named) and go through events."""
    now = text(at) if at else None
    await service.give(subject, *(purposes or ON_CONSENT), now=now, **more)
    happened = text(at or datetime.now(UTC))
    if events:
        outcomes = await service.touch_all([contact(subject, event, happened) for event in events], now=now)
        assert all(outcome["outcome"] == "stored" for outcome in outcomes)


async def asker(service: Running, kind: str) -> Ask:
    """A visitor of this kind, with a past wherever one is possible; returns how a page asks for them."""
    person = customer(kind)
    if kind == "nobody named":
        return partial(service.decide, None)
    if kind.startswith("browser"):
        return await _browser(service, kind)
    if kind not in {"never seen", "refused everything"}:
        await walk(service, person, at=NOON - YEAR if kind == "consent expired" else None)
    if kind == "withdrew everything":
        await service.withdraw(person)
    elif kind == "was erased":
        await erase(service, person)
    elif kind == "agreed to other purposes only":
        succeeded(await service.record(person, {"personalization": "refused"}), 201)
    elif kind == "refused everything":
        succeeded(await service.record(person, dict.fromkeys(ON_CONSENT, "refused")), 201)
    signal = {"gpc": True} if kind == "says no by privacy signal" else {}
    return partial(service.decide, person, **signal)


async def _browser(service: Running, kind: str) -> Ask:
    cookie, grant = await visitor(service)
    if kind == "browser that withdrew":
        succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
        own = [{"event": e, "channel": "web", "occurred_at": text(datetime.now(UTC))} for e in HISTORY]
        succeeded(await service.browse("/v1/touchpoints", {"touchpoints": own}, cookie=cookie))
        body = {"purposes": "all", "site": "shop"}
        succeeded(await service.browse("/v1/consents/withdraw", body, cookie=cookie))
    return partial(browse, service, None if kind == "browser without a cookie" else cookie)


async def browse(service: Running, cookie: str | None, *placements: str, **more: Any) -> Decisions:
    """What a page of the shop is told to show a visitor."""
    body = {"site": "shop", "placements": list(placements), **more}
    return succeeded(await service.browse("/v1/decisions", body, cookie=cookie))["decisions"]


async def rows(service: Running) -> dict[str, int]:
    """How many rows each table has."""
    tables = await service.database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"]: await service.count(row["tablename"]) for row in tables}


async def waited_for(service: Running, lock: str, number: int = 1) -> None:
    """Wait until so many of the service's connections wait for a `lock`: "relation" or "advisory"."""
    async with asyncio.timeout(10):
        while await service.database.fetchval(WAITING, lock) < number:
            pass
