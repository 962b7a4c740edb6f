"""How tests ask for access and erasure: file, approve, fetch."""

import io
import json
import zipfile
from typing import Any
from uuid import UUID

import httpx
from joserfc import jws
from joserfc.jwk import KeySet

from tests.running import Json, Running, succeeded

REQUESTS = "/v1/rights/requests"
VERIFIED = {"method": "login", "note": "signed in to the shop"}


def filing(right: str, *identifiers: Json, **more: Any) -> dict[str, Any]:
    """The body of a request as a server files it, the person being known to it."""
    return {"right": right, "identifiers": list(identifiers), "language": "en", "verified": VERIFIED, **more}


async def file(service: Running, right: str, *identifiers: Json, now: str | None = None, **more: Any) -> dict[str, Any]:
    """File a request as a server, which must succeed; returns the answer."""
    return succeeded(await service.post(REQUESTS, filing(right, *identifiers, **more), now=now), 202)


async def approve(service: Running, request_id: str, officer: int = 0) -> httpx.Response:
    """Approve a request as one of the officers."""
    return await service.post(f"{REQUESTS}/{request_id}/approve", key=service.officers[officer])


async def approve_all(service: Running, request_id: str) -> dict[str, Any]:
    """Approve a request as every officer, which must succeed; returns the last answer."""
    answers = [succeeded(await approve(service, request_id, officer)) for officer in range(len(service.officers))]
    return answers[-1]


async def fetch(service: Running, request_id: str, what: str) -> httpx.Response:
    """Fetch `package` or `certificate` as an officer."""
    return await service.get(f"{REQUESTS}/{request_id}/{what}", key=service.officers[0])


async def opened(service: Running, request_id: str) -> dict[str, Any]:
    """A request as an officer sees it."""
    return succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))


async def moves(service: Running, request_id: str) -> list[dict[str, Any]]:
    """What the ledger says of a request, oldest first."""
    query = "SELECT payload FROM ledger_entries WHERE subject_id = $1 AND kind = 'rights_request' ORDER BY entry_id"
    return [row["payload"] for row in await service.database.fetch(query, UUID(request_id))]


async def package(service: Running, *identifiers: Json, **more: Any) -> zipfile.ZipFile:
    """The access package for these identifiers."""
    request_id = (await file(service, "access", *identifiers, **more))["request_id"]
    await approve_all(service, request_id)
    answer = await fetch(service, request_id, "package")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text[:500]
    return zipfile.ZipFile(io.BytesIO(answer.content))


def data(archive: zipfile.ZipFile) -> dict[str, Any]:
    """What a package says to programs, none of it twice."""
    return json.loads(archive.read("data.json"), object_pairs_hook=_without_repetition)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len({name for name, _ in pairs}) == len(pairs), "a name is repeated"
    return dict(pairs)


async def erase(service: Running, *identifiers: Json, **more: Any) -> str:
    """Erase whoever these identifiers lead to; returns the certificate."""
    request_id = (await file(service, "erasure", *identifiers, **more))["request_id"]
    assert (await approve_all(service, request_id))["state"] == "completed"
    return succeeded(await fetch(service, request_id, "certificate"))["certificate"]


async def claims(service: Running, certificate: str) -> dict[str, Any]:
    """What a certificate says, once its signature has been checked against the published keys."""
    keys = KeySet.import_key_set((await service.http.get("/.well-known/jwks.json")).json())
    checked = jws.deserialize_compact(certificate, keys, algorithms=["Ed25519"])
    assert checked.headers()["typ"] == "placet-erasure-certificate+jwt"
    return json.loads(checked.payload)
