"""How tests show people offers, report what became of it, and look at what was learnt."""

from typing import Any

from tests.running import Json, Running, succeeded

INTERACTIONS = "/v1/interactions"
ARMS = "SELECT placement, stage, offer, shown, succeeded FROM arms WHERE (shown, succeeded) <> (0, 0)"
TAUGHT = """
SELECT placement, stage, offer, count(*) FILTER (WHERE shown) AS shown, count(*) FILTER (WHERE succeeded) AS succeeded
FROM interactions WHERE shown OR succeeded GROUP BY placement, stage, offer
"""

Learnt = dict[tuple[str, str, str], tuple[int, int]]
"""How often each offer was shown and succeeded, by placement, stage and offer."""


async def shown(service: Running, subject: Json, placement: str = "home_hero", *, now: str | None = None) -> str:
    """Show somebody an offer that is chosen for them; returns the token."""
    (decision,) = await service.decide(subject, placement, now=now)
    assert decision["mode"] == "profiled", decision
    return decision["token"]


def happened(token: str, event: str, at: str | None = None) -> dict[str, Any]:
    """One interaction; without a time it is now."""
    return {"token": token, "event": event} | ({"occurred_at": at} if at else {})


async def report(
    service: Running, token: str, *events: str, at: str | None = None, now: str | None = None
) -> list[str | dict[str, Any]]:
    """Report events of one decision in one call; returns the outcomes, those without a reason as a word."""
    body = {"interactions": [happened(token, event, at) for event in events]}
    outcomes = succeeded(await service.post(INTERACTIONS, body, now=now))["outcomes"]
    return [outcome if "reason" in outcome else outcome["outcome"] for outcome in outcomes]


async def learnt(service: Running) -> Learnt:
    """What the arms count; each must be the sum of the interactions that say so, and of no others."""
    counts, taught = [await _counts(service, query) for query in (ARMS, TAUGHT)]
    assert counts == taught
    return counts


async def _counts(service: Running, query: str) -> Learnt:
    rows = await service.database.fetch(query)
    return {(row["placement"], row["stage"], row["offer"]): (row["shown"], row["succeeded"]) for row in rows}
