"""The rules of explanations, over HTTP: what is told of a decision, to whom, and that what would change it does."""

from datetime import timedelta
from typing import Any

from tests.consenting import NOON, text
from tests.running import Json, Running, contact, customer, succeeded

NOW = text(NOON)
ADA = customer("ada-marker")
DAYS = (9, 8, 7, 6, 2)
EVENTS = ("search", "view_product", "view_product", "view_product", "purchase")


async def explained(service: Running, decision: Json, **query: str) -> dict[str, Any]:
    """The explanation of a decision that was stored, in English unless said otherwise."""
    parameters = "&".join(f"{name}={value}" for name, value in ({"language": "en"} | query).items())
    path = f"/v1/decisions/{decision['decision_id']}/explanation?{parameters}"
    return succeeded(await service.get(path, now=NOW))


async def live(service: Running, person: Json, *, without: int | None = None, purposes: tuple[str, ...] = ()) -> None:
    """A person agrees ten days before noon and goes through events, one of which may be left out."""
    await service.give(person, *(purposes or ("personalization", "analytics")), now=text(NOON - timedelta(days=10)))
    for place, (days, event) in enumerate(zip(DAYS, EVENTS, strict=True)):
        at = text(NOON - timedelta(days=days))
        if place != without and purposes != ("analytics",):
            (outcome,) = await service.touch_all([contact(person, event, at)], now=at)
            assert outcome["outcome"] == "stored"
