"""The rules of secret keys: stored hashed, scoped, revocable at once; over HTTP."""

import hashlib
from typing import Any

import pytest

from service.kernel import auth
from service.kernel.auth import SERVER_SCOPES
from service.kernel.crypto import from_text, to_text
from service.kernel.database import Connection
from tests.consenting import NOON, text
from tests.filing import REQUESTS
from tests.running import NOTICE, ORIGIN, Running, customer, refused, succeeded

RECORD = {"site": "shop", "decisions": {"analytics": "given"}, "notice": NOTICE, "method": "form"}
NEEDS: dict[str, tuple[str, Any]] = {
    "/v1/consents": ("consent:write", {"subject": customer(), **RECORD}),
    "/v1/consents/withdraw": ("consent:write", {"subject": customer(), "purposes": "all", "site": "shop"}),
    "/v1/cookies": ("consent:write", None),
    "/v1/consents/check": ("consent:read", {"subject": customer(), "purposes": ["analytics"]}),
    "/v1/consents/check/batch": ("consent:read", {"checks": [{"subject": customer(), "purposes": ["analytics"]}]}),
    "/v1/consents/history": ("consent:read", {"subject": customer()}),
    "/v1/consents/status": ("consent:read", {"subject": customer()}),
    "/v1/touchpoints": (
        "journey:write",
        {"touchpoints": [{"subject": customer(), "event": "search", "channel": "web", "occurred_at": text(NOON)}]},
    ),
    "/v1/journeys/position": ("journey:read", {"subject": customer()}),
    "/v1/decisions": ("decisions", {"subject": customer(), "site": "shop", "placements": ["home_hero"]}),
    "/v1/pseudonyms": ("pseudonyms", {"recipient": "newsletter", "subjects": [customer()]}),
    REQUESTS: ("rights:write", {"right": "access", "identifiers": [customer()], "language": "en"}),
}
"""What each operation needs, with a body that is as it should be."""


@pytest.mark.rule("S2")
async def test_secret_keys_are_stored_hashed(service: Running) -> None:
    """Secret keys are stored hashed: the secret half is in no column, and its SHA-256 is."""
    keys = [service.secret_key, service.browser_key]
    rows = await service.database.fetch("SELECT k::text AS all, key_id, key_hash FROM api_keys k")
    officers = await service.database.fetch("SELECT o::text AS all, token_id, token_hash FROM officers o")
    stored = {row[1]: row[2] for row in (*rows, *officers)}
    everything = "".join(row["all"] for row in (*rows, *officers))
    for key in (*keys, *service.officers):
        _, public_half, secret_half = key.split("_", 2)
        secret = from_text(secret_half)
        assert len(secret) == 32
        assert stored[public_half] == hashlib.sha256(secret).digest()
        assert secret_half not in everything
        assert secret.hex() not in everything


@pytest.mark.rule("S2")
async def test_both_halves_of_a_key_count(service: Running) -> None:
    """Secret keys are compared whole: the right public half with another's secret half, or changed, is refused."""
    _, public_half, secret_half = service.secret_key.split("_", 2)
    other = (await service.key("consent:read")).split("_", 2)
    officer = service.officers[0].split("_", 2)
    browser = service.browser_key.split("_", 2)
    for credential in (
        f"sk_{public_half}_{other[2]}",
        f"sk_{other[1]}_{secret_half}",
        f"sk_{public_half}_{to_text(bytes(32))}",
        f"sk_{public_half}_{secret_half[:-2]}",
        f"sk_{public_half}_{secret_half}A",
        f"sk_{public_half}_",
        f"sk_{public_half}",
        f"sk_{public_half.upper()}_{secret_half}",
        f"sk__{secret_half}",
        f"pk_{public_half}_{secret_half}",
        f"ot_{public_half}_{secret_half}",
        f"sk_{browser[1]}_{browser[2]}",
        f"sk_{officer[1]}_{officer[2]}",
        f"xx_{public_half}_{secret_half}",
        "sk",
        "sk_é_é",
    ):
        headers = {b"Authorization": f"Bearer {credential}".encode("latin-1"), b"Origin": ORIGIN.encode()}
        answer = await service.http.post("/v1/cookies", headers=headers)
        problem = refused(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert secret_half[:8] not in str(problem)
    for scheme in (f"Basic {service.secret_key}", service.secret_key, f"Bearer  {service.secret_key}", "Bearer"):
        refused(await service.http.post("/v1/cookies", headers={"Authorization": scheme}), 401, "unauthenticated")
    refused(await service.http.post("/v1/cookies"), 401, "unauthenticated")
    succeeded(await service.http.post("/v1/cookies", headers={"Authorization": f"bearer {service.secret_key}"}), 201)


@pytest.mark.rule("S2")
@pytest.mark.parametrize("path", NEEDS)
async def test_a_key_does_what_its_scopes_say(service: Running, path: str) -> None:
    """Secret keys are scoped: each operation takes the one scope that it needs, and not all others together."""
    scope, body = NEEDS[path]
    refused(await service.post(path, body, key=await service.key(*SERVER_SCOPES - {scope})), 403, "forbidden")
    refused(await service.post(path, body, key=await service.key()), 403, "forbidden")
    answer = await service.post(path, body, key=await service.key(scope))
    assert answer.status_code < 300 or answer.json()["type"].endswith("/consent-required")


@pytest.mark.rule("S2")
async def test_no_key_does_what_an_officer_does(service: Running) -> None:
    """Secret keys are scoped, and no scope of a key decides on the requests of people."""
    body = {"right": "access", "identifiers": [customer()], "language": "en", "verified": {"method": "login"}}
    request_id = succeeded(await service.post(REQUESTS, body), 202)["request_id"]
    every = await service.key(*SERVER_SCOPES)
    refused(await service.get(REQUESTS, key=every), 403, "forbidden")
    for act in ("", "/package", "/certificate"):
        refused(await service.get(f"{REQUESTS}/{request_id}{act}", key=every), 403, "forbidden")
    for act, said in (("verify", {"note": "known"}), ("approve", None)):
        refused(await service.post(f"{REQUESTS}/{request_id}/{act}", said, key=every), 403, "forbidden")
    for path, (scope, said) in NEEDS.items():
        if scope != "rights:write":
            refused(await service.post(path, said, key=service.officers[0]), 403, "forbidden")


@pytest.mark.rule("S2")
async def test_a_revoked_key_is_refused_at_once(service: Running) -> None:
    """Secret keys are revocable at once: the very next request with one is refused, the others go on."""

    async def revoke(key: str) -> object:
        async def work(connection: Connection) -> object:
            return await connection.fetchval(auth.QUERIES["revoke_key"], key.split("_")[1])

        return await service.database.run("test.revoke", work)

    question = {"subject": customer(), "purposes": ["analytics"]}
    for _ in range(5):
        key = await service.key("consent:read")
        succeeded(await service.post("/v1/consents/check", question, key=key))
        assert await revoke(key)
        refused(await service.post("/v1/consents/check", question, key=key), 401, "unauthenticated")
        succeeded(await service.post("/v1/consents/check", question))
    await revoke(service.browser_key)
    refused(await service.browse("/v1/cookies"), 401, "unauthenticated")


@pytest.mark.rule("S2")
async def test_a_new_token_of_an_officer_replaces_the_old_one(service: Running) -> None:
    """Secret keys are revocable at once, and so are officers' tokens: a new one ends the old one."""

    async def renew(connection: Connection) -> str:
        return await auth.add_officer(connection, "officer-one")

    succeeded(await service.get(REQUESTS, key=service.officers[0]))
    token = await service.database.run("test.renew", renew)
    refused(await service.get(REQUESTS, key=service.officers[0]), 401, "unauthenticated")
    succeeded(await service.get(REQUESTS, key=token))
    succeeded(await service.get(REQUESTS, key=service.officers[1]))
