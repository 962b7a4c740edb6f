"""How tests link a browser to somebody known, and what each of them may have said before."""

from typing import Any

from tests.consenting import ON_CONSENT, of_cookie
from tests.running import Json, Running, succeeded

LINK, UNLINK = "/v1/subjects/link", "/v1/subjects/unlink"
SAID = ("nothing", "given", "refused", "withdrawn")
"""What somebody can have said about a purpose."""


async def cookie(service: Running) -> str:
    """A new cookie of a visitor."""
    return succeeded(await service.browse("/v1/cookies"), 201)["value"]


async def link(service: Running, value: str, known: Json, *, now: str | None = None) -> dict[str, Any]:
    """Link a cookie to somebody known, which must succeed; returns the answer."""
    return succeeded(await service.post(LINK, {"anonymous": of_cookie(value), "known": known}, now=now))


async def unlink(service: Running, value: str, *, now: str | None = None) -> dict[str, Any]:
    """End the link of a cookie, which must succeed; returns the answer."""
    return succeeded(await service.post(UNLINK, {"identifier": of_cookie(value)}, now=now))


async def say(service: Running, subject: Json, said: str, purpose: str, *, now: str | None = None, **more: Any) -> None:
    """Let somebody say this about a purpose."""
    if said in {"given", "withdrawn"}:
        await service.give(subject, purpose, now=now, **more)
    if said == "withdrawn":
        await service.withdraw(subject, [purpose], now=now)
    if said == "refused":
        succeeded(await service.record(subject, {purpose: "refused"}, now=now, **more), 201)


async def browser_says(service: Running, value: str, **decisions: str) -> dict[str, Any]:
    """Record decisions as the page of a visitor with this cookie does, which must succeed; returns the answer."""
    headers = {"Origin": "http://127.0.0.1:8000", "Placet-Cookie": value}
    shown = succeeded(await service.get("/v1/notices/shop", key=service.browser_key, headers=headers))
    body = {
        "site": "shop",
        "decisions": decisions,
        "notice": {name: shown["notice"][name] for name in ("id", "version", "language")},
        "method": "banner",
        "presented": shown["presented"],
    }
    return succeeded(await service.browse("/v1/consents", body, cookie=value), 201)


async def verdicts(service: Running, subject: Json, **more: Any) -> dict[str, Any]:
    """What a check says about somebody and every purpose on consent."""
    body = {"subject": subject, "purposes": list(ON_CONSENT), **more}
    return succeeded(await service.post("/v1/consents/check", body))["results"]


async def history(service: Running, subject: Json) -> list[dict[str, Any]]:
    """The entries of a subject."""
    return succeeded(await service.post("/v1/consents/history", {"subject": subject}))["entries"]


async def object_to(service: Running, subject: Json, purpose: str) -> None:
    """Object to a purpose."""
    succeeded(await service.post("/v1/objections", {"subject": subject, "purposes": [purpose]}), 201)
