"""How people consent in tests: at which times, as visitors of the shop, and what that writes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.running import ORIGIN, Running, succeeded

ON_CONSENT = ("analytics", "personalization", "marketing_email", "model_training")
"""The purposes of the shop whose legal basis is consent."""
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WRITTEN = ("ledger_entries", "consent_state", "lookups", "idempotency")


def text(moment: datetime) -> str:
    """A time as RFC 3339 writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def of_cookie(cookie: str) -> dict[str, str]:
    """The identifier of a visitor, as a server names them."""
    return {"kind": "cookie", "value": cookie}


async def visitor(service: Running, *, now: str | None = None) -> tuple[str, dict[str, Any]]:
    """A visitor of the shop who has been shown the notice: their cookie, and the body of a grant of everything.

    `now`: when they were shown it, by a server on the page's behalf, since a page cannot set the clock.
    """
    cookie = succeeded(await service.browse("/v1/cookies"), 201)["value"]
    page = {} if now else {"key": service.browser_key, "headers": {"Origin": ORIGIN}}
    shown = succeeded(await service.get("/v1/notices/shop", now=now, **page))
    grant = {
        "site": "shop",
        "decisions": dict.fromkeys(ON_CONSENT, "given"),
        "notice": {name: shown["notice"][name] for name in ("id", "version", "language")},
        "method": "banner",
        "presented": shown["presented"],
    }
    return cookie, grant


async def written(service: Running) -> tuple[int, ...]:
    """How many rows each of the tables of consent has."""
    return tuple([await service.count(table) for table in WRITTEN])
