"""The rule of interaction tokens, over HTTP: one that is forged, expired or used again changes nothing."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from service.decisioning.tokens import LIFETIME, Tokens
from service.kernel.clock import system_now
from service.kernel.crypto import Hasher, random_key
from tests.consenting import NOON, YEAR, text, visitor
from tests.filing import erase
from tests.reporting import INTERACTIONS, happened, learnt, report, shown
from tests.running import Json, Running, customer, refused, succeeded
from tests.visiting import browse, rows, walk

NOW = text(NOON)
ADA = customer("ada-marker")
REFUSED = {"outcome": "dropped", "reason": "token"}


@pytest.mark.rule("D13")
async def test_a_forged_token_is_refused_and_changes_nothing(service: Running) -> None:
    """Whoever makes a token up, cuts one off, changes one or takes one of another service or use is told no."""
    await walk(service, ADA, events=["search"])
    token = await shown(service, ADA)
    claims = service.desks.tokens.open(token, system_now())
    cookie, grant = await visitor(service)
    forged = {
        "made up": "x" * len(token),
        "cut off": token[:-4],
        "longer": token + "AAAA",
        "changed": token[:40] + ("A" if token[40] != "A" else "B") + token[41:],
        "of another key": Tokens(Hasher(random_key())).issue(claims),
        "a cookie": cookie,
        "a notice": grant["presented"],
        "a decision": str(claims.decision_id),
    }
    before = await rows(service)
    for name, text_of in forged.items():
        assert await report(service, text_of, "impression", "click") == [REFUSED] * 2, name
    assert await rows(service) == before


@pytest.mark.rule("D13")
async def test_an_expired_token_is_refused_and_changes_nothing(service: Running) -> None:
    """Until the instant at which it expires it is good, and from then on it is not."""
    await walk(service, ADA, events=["search"], at=NOON)
    token = await shown(service, ADA, now=NOW)
    before = await rows(service)
    assert await report(service, token, "impression", "click", now=text(NOON + LIFETIME)) == [REFUSED] * 2
    assert await rows(service) == before
    assert await report(service, token, "impression", now=text(NOON + LIFETIME - timedelta(seconds=1))) == ["stored"]


@pytest.mark.rule("D13")
async def test_a_token_used_again_changes_nothing(service: Running) -> None:
    """The same event of the same decision is a duplicate, in the same call and in later ones."""
    await walk(service, ADA, events=["search"])
    token = await shown(service, ADA)
    assert await report(service, token, "impression", "click", "click") == ["stored", "stored", "duplicate"]
    before, counts = await rows(service), await learnt(service)
    for _ in range(3):
        assert await report(service, token, "click", "impression") == ["duplicate"] * 2
    assert (await rows(service), await learnt(service)) == (before, counts)


@pytest.mark.rule("D13")
async def test_a_refused_token_does_not_take_others_with_it(service: Running) -> None:
    """In one call each interaction has an outcome of its own, in order."""
    await walk(service, ADA, events=["search"])
    token = await shown(service, ADA)
    body = {"interactions": [happened("forged", "click"), happened(token, "click"), happened("forged", "impression")]}
    outcomes = succeeded(await service.post(INTERACTIONS, body))["outcomes"]
    assert outcomes == [REFUSED, {"outcome": "stored"}, REFUSED]


@pytest.mark.rule("D13")
async def test_a_token_speaks_for_its_own_decision_only(service: Running) -> None:
    """A page needs no cookie and names nobody: what is reported is of whoever the token was issued for."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    contact = {"event": "search", "channel": "web", "occurred_at": NOW}
    succeeded(await service.browse("/v1/touchpoints", {"touchpoints": [contact]}, cookie=cookie))
    await walk(service, ADA, events=["search"])
    token = await shown(service, ADA)
    (decision,) = await browse(service, cookie, "home_hero")
    assert decision["placement"] == "home_hero"
    answer = await service.browse(INTERACTIONS, {"interactions": [happened(token, "click")]}, cookie=cookie)
    assert succeeded(answer) == {"outcomes": [{"outcome": "stored"}]}
    rows_of = await service.database.fetch("SELECT subject_id FROM interactions")
    (row,) = await service.database.fetch(
        "SELECT subject_id FROM decisions WHERE decision_id IN (SELECT decision_id FROM interactions)"
    )
    assert [one["subject_id"] for one in rows_of] == [row["subject_id"]]


@pytest.mark.rule("S1")
async def test_a_page_reports_for_its_own_site_only(service: Running) -> None:
    """A token of another site is refused, and nothing of the call is stored."""
    await walk(service, ADA, events=["search"])
    mine = await shown(service, ADA)
    claims = service.desks.tokens.open(mine, system_now())
    other = service.desks.tokens.issue(replace(claims, site="elsewhere"))
    body = {"interactions": [happened(mine, "click"), happened(other, "click")]}
    refused(await service.browse(INTERACTIONS, body), 403, "forbidden")
    headers = {"Origin": "https://elsewhere.example"}
    refused(await service.post(INTERACTIONS, body, key=service.browser_key, headers=headers), 403, "forbidden")
    assert await service.count("interactions") == 0


ENDED = {
    "refused": "refused",
    "withdrawn": "withdrawn",
    "given again": "withdrawn",
    "objected": "objected",
    "restricted": "restricted",
    "erased": "unknown",
}
"""What can end between a decision and what becomes of it, and the reason that is given for it."""


async def _end(service: Running, person: Json, how: str) -> None:
    subject = {"subject": person}
    if how == "refused":
        succeeded(await service.record(person, {"personalization": "refused"}), 201)
    elif how in {"withdrawn", "given again"}:
        await service.withdraw(person, ["personalization"])
    elif how == "objected":
        succeeded(await service.post("/v1/objections", subject | {"purposes": ["personalization"]}), 201)
    elif how == "restricted":
        succeeded(await service.post("/v1/restrictions", subject, key=service.officers[0]), 201)
    elif how == "erased":
        await erase(service, person)
    if how == "given again":
        await service.give(person, "personalization")


@pytest.mark.rule("D1")
@pytest.mark.parametrize("how", ENDED)
async def test_what_becomes_of_a_decision_needs_what_the_decision_needed(service: Running, how: str) -> None:
    """Without the purposes that the decision used nothing is kept, and the outcome gives the reason of a check."""
    await walk(service, ADA, events=["search"])
    token = await shown(service, ADA)
    await _end(service, ADA, how)
    assert await report(service, token, "click") == [{"outcome": "dropped", "reason": ENDED[how]}]
    assert await service.count("interactions") == 0
    assert await learnt(service) == {}


@pytest.mark.rule("D1")
async def test_expiry_and_the_privacy_signal_are_judged_when_it_is_reported(service: Running) -> None:
    """A consent that has run out since, or that the visitor's signal denies now, keeps nothing."""
    await walk(service, ADA, events=["search"], at=NOON)
    soon, late = NOON + YEAR - timedelta(days=1), NOON + YEAR
    await service.touch(ADA, "search", text(soon), now=text(soon))
    token = await shown(service, ADA, now=text(soon))
    assert await report(service, token, "click", now=text(late)) == [{"outcome": "dropped", "reason": "expired"}]
    body = {"interactions": [happened(token, "click")]}
    answer = await service.post(INTERACTIONS, body, now=text(soon), headers={"Sec-GPC": "1"})
    assert succeeded(answer)["outcomes"] == [{"outcome": "dropped", "reason": "gpc"}]
    assert await service.count("interactions") == 0
    assert await report(service, token, "click", now=text(soon)) == ["stored"]
