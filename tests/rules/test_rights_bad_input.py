"""What is wrong, hostile or too much in the exercise of rights, over HTTP: answered, and without effect."""

import asyncio
import io
import re
import zipfile
from typing import Any

import httpx
import pytest

from tests.filing import REQUESTS, approve, approve_all, file, filing, opened
from tests.mailing import letters_of
from tests.running import Running, customer, refused, succeeded

ADA = {"kind": "email", "value": "ada.marker@example.com"}
FORMULA = "=cmd()|' /C calc'!A0"
HOSTILE = f"{FORMULA} <script>alert('planted')</script>\r\nBcc: eve@example.com\r\n\r\n{{reason}} %s \u202e"
MORE: dict[str, dict[str, Any]] = {
    "access": {},
    "portability": {},
    "erasure": {},
    "rectification": {"replacement": {"kind": "email", "value": "ada.right@example.com"}},
    "restriction": {"grounds": "I contest that it is accurate"},
    "objection": {"purposes": ["analytics"]},
}


async def said(service: Running, request_id: str, verb: str, body: dict[str, Any]) -> dict[str, Any]:
    """What an officer does with a request, which must succeed."""
    return succeeded(await service.post(f"{REQUESTS}/{request_id}/{verb}", body, key=service.officers[0]))


async def stored(service: Running) -> str:
    """Every row of every table."""
    tables = await service.database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [await service.database.fetch(f'SELECT t::text AS row FROM "{name["tablename"]}" t') for name in tables]  # noqa: S608 - from the catalogue
    return "\n".join(row["row"] for table in rows for row in table)


@pytest.mark.rule("R6")
@pytest.mark.parametrize("right", MORE)
async def test_nobody_approves_what_they_filed(service: Running, right: str) -> None:
    """Whatever the right, an officer who filed is refused, also where one approval is enough, and nothing is done."""
    await service.give(ADA, "analytics")
    body = filing(right, ADA, verified=None, **MORE[right])
    request_id = succeeded(await service.post(REQUESTS, body, key=service.officers[0]), 202)["request_id"]
    note = {"note": "a colleague of years"}
    succeeded(await service.post(f"{REQUESTS}/{request_id}/verify", note, key=service.officers[1]))
    for _ in range(2):
        refused(await approve(service, request_id, 0), 403, "approval-refused")
    assert (await opened(service, request_id))["state"] == "open"
    assert await service.count("rights_approvals") == 0


@pytest.mark.rule("R7")
async def test_a_link_used_by_many_at_once_gives_one_package(service: Running) -> None:
    """Of ten who follow a link at the same moment one gets the package, and the others nothing that can be opened."""
    await service.give(ADA, "analytics")
    request_id = (await file(service, "access", ADA))["request_id"]
    await approve_all(service, request_id)
    (ready,) = [letter for letter in await letters_of(service, request_id) if letter["kind"] == "package"]
    (token,) = re.findall(r"/v1/rights/packages/(\S+)", ready["text"])

    async def followed() -> bytes:
        try:
            return (await service.http.get(f"/v1/rights/packages/{token}")).content
        except httpx.RemoteProtocolError:
            return b""

    answers = await asyncio.gather(*(followed() for _ in range(10)))
    assert sum(zipfile.is_zipfile(io.BytesIO(answer)) for answer in answers) == 1
    refused(await service.http.get(f"/v1/rights/packages/{token}"), 410, "link-used")


@pytest.mark.rule("S4")
async def test_what_is_written_about_a_person_is_data_in_every_field(service: Running) -> None:
    """Formulas, markup and lines of a header are shown to officers as they are, in no list, and stored sealed."""
    vouched = {"method": HOSTILE[:200], "note": HOSTILE}
    request_id = (await file(service, "restriction", ADA, grounds=HOSTILE, details=HOSTILE, verified=vouched))[
        "request_id"
    ]
    await said(service, request_id, "extend", {"reason": HOSTILE})
    await approve_all(service, request_id)
    await said(service, request_id, "lift", {"told": HOSTILE})
    shown = await opened(service, request_id)
    assert {shown[name] for name in ("grounds", "details", "extension")} == {HOSTILE}
    erasure = (await file(service, "erasure", customer("held"), verified=None))["request_id"]
    await said(service, erasure, "verify", {"note": HOSTILE})
    await service.give(customer("held"), "analytics")
    hold = {"data": ["touchpoints"], "until": "2999-01-01T00:00:00Z", "reason": HOSTILE}
    assert [one["reason"] for one in (await said(service, erasure, "hold", hold))["holds"]] == [HOSTILE]
    await said(service, erasure, "refuse", {"reason": "excessive", "text": HOSTILE})
    assert (await opened(service, erasure))["refusal_text"] == HOSTILE
    assert "script" not in (await service.get(REQUESTS, key=service.officers[0])).text
    everything = await stored(service)
    assert not [part for part in (FORMULA, "<script>", "planted") if part in everything]


@pytest.mark.rule("S4")
@pytest.mark.parametrize("verb", ["extend", "refuse"])
async def test_what_an_officer_writes_is_text_in_a_letter(service: Running, verb: str) -> None:
    """It changes neither whom a letter goes to nor its subject, and nothing in it is filled in."""
    letters: list[dict[str, Any]] = []
    for words in ("because", HOSTILE):
        request_id = (await file(service, "access", ADA))["request_id"]
        body = {"reason": words} if verb == "extend" else {"reason": "excessive", "text": words}
        await said(service, request_id, verb, body)
        letters += await letters_of(service, request_id)
    plain, hostile = letters
    assert hostile["to"] == plain["to"] == ADA["value"]
    assert hostile["subject"] == plain["subject"]
    assert HOSTILE in hostile["text"]
