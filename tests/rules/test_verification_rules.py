"""The rules of verification by code and of what people are told, over HTTP."""

import asyncio
import re
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import pytest

from tests.filing import REQUESTS, approve_all, erase, filing
from tests.mailing import letters_of
from tests.running import Json, Running, customer, refused, succeeded

NOW = "2026-03-02T10:00:00Z"
LATER = "2026-03-02T10:29:59Z"
TOO_LATE = "2026-03-02T10:30:00Z"
ADA = {"kind": "email", "value": "Ada.Marker@example.com"}
EVE = {"kind": "email", "value": "eve.marker@example.com"}
UNKNOWN = {"kind": "email", "value": "nobody.marker@example.com"}
VICTIM = customer("victim-marker")


async def asked(service: Running, right: str, *identifiers: Json, **more: Any) -> str:
    """File a request of somebody whom nobody has verified; returns its id."""
    body = filing(right, *identifiers, **more) | {"verified": None}
    return succeeded(await service.post(REQUESTS, body, now=NOW), 202)["request_id"]


async def codes(service: Running, request_id: str) -> dict[str, str]:
    """The newest code of a request that came to each address."""
    letters = await letters_of(service, request_id)
    return {letter["to"]: letter["code"] for letter in letters if letter["kind"] == "code"}


async def enter(service: Running, request_id: str, code: str, now: str = NOW) -> Any:
    """Enter a code."""
    return await service.post(f"{REQUESTS}/{request_id}/verify", {"code": code}, now=now)


async def shown(service: Running, request_id: str) -> dict[str, Any]:
    """A request as officers see it."""
    return succeeded(await service.get(f"{REQUESTS}/{request_id}", key=service.officers[0]))


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 10**8:08}"


@pytest.mark.rule("R4")
async def test_a_code_goes_to_known_and_unknown_alike(service: Running) -> None:
    """Known and unknown identifiers cannot be told apart: each gets a letter, of the same words, and answers."""
    await service.give(ADA, "analytics", now=NOW)
    said: list[Any] = []
    for whom in (ADA, UNKNOWN):
        request_id = await asked(service, "erasure", whom)
        (letter,) = await letters_of(service, request_id)
        code = letter["code"]
        answers = [await enter(service, request_id, given) for given in (wrong(code), code, code)]
        assert [answer.status_code for answer in answers] == [422, 200, 200]
        said.append(
            [
                re.sub(rf"{request_id}|\w+\.marker@|{code}|[0-9a-f-]{{36}}", "", part)
                for part in (
                    letter["text"],
                    letter["subject"],
                    letter["language"],
                    *(answer.text for answer in answers),
                )
            ]
        )
    assert said[0] == said[1]


@pytest.mark.rule("R4")
async def test_answers_to_known_and_unknown_take_as_long(service: Running) -> None:
    """Known and unknown identifiers cannot be told apart by a clock: filing takes as long, within what chance does."""
    await service.give(ADA, "analytics", now=NOW)
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    for _ in range(40):
        for name, whom in (("known", ADA), ("unknown", UNKNOWN)):
            started = perf_counter()
            await asked(service, "access", whom)
            took[name].append(perf_counter() - started)
    known, unknown = (median(times) for times in took.values())
    assert max(known, unknown) < 1.5 * min(known, unknown)


@pytest.mark.rule("R5")
async def test_fifty_wrong_codes_at_once_lock_the_request(service: Running) -> None:
    """50 parallel wrong codes lock the request after five: five are looked at, and then not even the right one is."""
    request_id = await asked(service, "access", ADA)
    (code,) = (await codes(service, request_id)).values()
    answers = await asyncio.gather(*(enter(service, request_id, wrong(code)) for _ in range(50)))
    slugs = [answer.json()["type"].rpartition("/")[2] for answer in answers]
    assert (slugs.count("code-refused"), slugs.count("codes-exhausted")) == (5, 45)
    refused(await enter(service, request_id, code), 409, "codes-exhausted")
    succeeded(await service.post(f"{REQUESTS}/{request_id}/codes", now=NOW), 202)
    assert (await codes(service, request_id)) == {"ada.marker@example.com": code}
    note = {"note": "showed an identity card"}
    verified = await service.post(f"{REQUESTS}/{request_id}/verify", note, key=service.officers[0])
    assert succeeded(verified)["state"] == "open"


@pytest.mark.rule("R5")
async def test_attempts_count_for_all_codes_of_a_request(service: Running) -> None:
    """Five attempts are five, whichever address they guess at, and a new code brings no new attempts."""
    request_id = await asked(service, "access", ADA, EVE)
    first = await codes(service, request_id)
    for _ in range(4):
        refused(await enter(service, request_id, wrong(first["ada.marker@example.com"])), 422, "code-refused")
    succeeded(await service.post(f"{REQUESTS}/{request_id}/codes", now=NOW), 202)
    second = await codes(service, request_id)
    assert set(first.values()).isdisjoint(second.values())
    refused(await enter(service, request_id, first["eve.marker@example.com"]), 422, "code-refused")
    refused(await enter(service, request_id, second["ada.marker@example.com"]), 409, "codes-exhausted")
    assert (await shown(service, request_id))["state"] == "verifying"


@pytest.mark.rule("R5")
async def test_a_code_ends(service: Running) -> None:
    """A code is refused from the thirtieth minute on, an older one once there is a newer; three are sent at most."""
    request_id = await asked(service, "access", ADA)
    (code,) = (await codes(service, request_id)).values()
    refused(await enter(service, request_id, code, TOO_LATE), 422, "code-refused")
    for _ in range(5):
        succeeded(await service.post(f"{REQUESTS}/{request_id}/codes", now=TOO_LATE), 202)
    assert len(await letters_of(service, request_id)) == 3
    (newest,) = (await codes(service, request_id)).values()
    refused(await enter(service, request_id, code, TOO_LATE), 422, "code-refused")
    assert succeeded(await enter(service, request_id, newest, "2026-03-02T10:59:59Z"))["state"] == "open"


@pytest.mark.rule("R6")
async def test_a_code_verifies_its_own_identifier_alone(service: Running) -> None:
    """An attacker's own address proves nothing of a victim whom the request names too: only the address is served."""
    await service.give(VICTIM, "analytics", now=NOW)
    await service.give(EVE, "analytics", now=NOW)
    request_id = await asked(service, "erasure", VICTIM, EVE)
    (code,) = (await codes(service, request_id)).values()
    assert succeeded(await enter(service, request_id, code, LATER))["state"] == "open"
    assert (await shown(service, request_id))["subjects"] == 1
    await approve_all(service, request_id)
    assert (await service.check(VICTIM, "analytics", now=NOW))["allowed"]
    assert not (await service.check(EVE, "analytics", now=NOW))["allowed"]


@pytest.mark.rule("R6")
async def test_what_is_verified_after_an_approval_is_not_covered_by_it(service: Running) -> None:
    """A second code counts until an officer has approved, who approves those that are verified by then."""
    first, second = await asked(service, "access", ADA, EVE), await asked(service, "access", ADA, EVE)
    for request_id in (first, second):
        sent = await codes(service, request_id)
        succeeded(await enter(service, request_id, sent["ada.marker@example.com"]))
    sent = await codes(service, first)
    assert succeeded(await enter(service, first, sent["eve.marker@example.com"]))["state"] == "open"
    sent = await codes(service, second)
    await approve_all(service, second)
    refused(await enter(service, second, sent["eve.marker@example.com"]), 409, "codes-exhausted")


@pytest.mark.rule("R6")
async def test_a_code_of_one_request_opens_no_other(service: Running) -> None:
    """Codes are bound to their request, and one that there is not is not opened by any."""
    first, second = await asked(service, "access", ADA), await asked(service, "erasure", ADA)
    (code,) = (await codes(service, first)).values()
    refused(await enter(service, second, code), 422, "code-refused")
    refused(await enter(service, str(uuid4()), code), 404, "rights-request-unknown")
    for body in ({}, {"code": code, "note": "x"}, {"code": "1234"}):
        refused(await service.post(f"{REQUESTS}/{first}/verify", body), 422, "invalid-body")
    refused(await service.post(f"{REQUESTS}/{first}/verify", {"note": "I am she"}), 403, "forbidden")


@pytest.mark.rule("R6")
async def test_where_no_letter_gets_no_code_counts(service: Running) -> None:
    """A request of whom no letter reaches waits for an officer, and looks like any other from outside."""
    request_id = await asked(service, "access", VICTIM)
    assert await letters_of(service, request_id) == []
    refused(await enter(service, request_id, "12345678"), 409, "codes-exhausted")


@pytest.mark.rule("R21")
async def test_the_person_is_told_the_outcome_and_the_address_is_gone(service: Running) -> None:
    """The person is told that they were erased, at the address that they proved, which is kept nowhere afterwards."""
    await service.give(ADA, "analytics", now=NOW)
    request_id = await asked(service, "erasure", EVE, ADA, language="it")
    sent = await codes(service, request_id)
    succeeded(await enter(service, request_id, sent["ada.marker@example.com"]))
    await approve_all(service, request_id)
    assert await service.count("letters") == 1
    told = (await letters_of(service, request_id))[-1]
    assert (told["kind"], told["to"], told["language"]) == ("completed", "ada.marker@example.com", "it")
    assert request_id in told["text"]
    assert "Bottega Sonora" in told["text"]
    assert await service.count("letters") == 0
    assert await service.database.fetchval("SELECT count(address) FROM rights_requests") == 0


@pytest.mark.rule("R21")
async def test_nobody_is_told_where_nobody_said(service: Running) -> None:
    """Where no identifier of the request is an address, there is no letter, and the request ends all the same."""
    await service.give(VICTIM, "analytics")
    await erase(service, VICTIM)
    assert await letters_of(service) == []
