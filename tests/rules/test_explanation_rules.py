"""The rules of explanations, over HTTP: what is told of a decision, to whom, and that it is true when it is tried."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.policy.commands import activate
from tests.conftest import ROOT
from tests.consenting import NOON, text, visitor
from tests.filing import erase, file
from tests.running import Json, Running, contact, customer, refused, succeeded
from tests.visiting import CONTEXT, PLACEMENTS, browse, rows, walk

NOW = text(NOON)
ADA = customer("ada-marker")
LIFE = (("search", 9), ("view_product", 8), ("view_product", 7), ("view_product", 6), ("purchase", 2))
"""What somebody did, and how many days before noon."""
PAGE = {"device": "mobile", "page_category": "headphones", "cart_value": 4000}


async def live(service: Running, person: Json, life: Sequence[tuple[str, int]] = LIFE, *purposes: str) -> None:
    """Somebody agrees to purposes, ten days before noon, and lives this life, each contact told when it was."""
    allowed = purposes or ("personalization", "analytics")
    await service.give(person, *allowed, now=text(NOON - timedelta(days=10)))
    for event, days in life:
        at = text(NOON - timedelta(days=days))
        assert len(await service.touch_all([contact(person, event, at)], now=at)) == 1


async def explained(service: Running, decision: Json, *, key: str | None = None, **query: str) -> dict[str, Any]:
    """The explanation of a decision that was stored, in English unless said otherwise, as it is asked for at noon."""
    path = f"/v1/decisions/{decision['decision_id']}/explanation"
    parameters = "&".join(f"{name}={value}" for name, value in ({"language": "en"} | query).items())
    return succeeded(await service.get(f"{path}?{parameters}", key=key, now=None if key else NOW))


async def shown(service: Running, person: Json | None, placement: str, **context: Any) -> str:
    """The offer that somebody is shown at noon."""
    (decision,) = await service.decide(person, placement, now=NOW, context=context)
    return decision["offer"]["id"]


async def tried(service: Running, change: Json, placement: str, name: str) -> str | None:
    """What somebody is shown who lived as Ada did but for one change; None for a stage, which nobody can be put in."""
    twin = customer(name)
    match change["kind"]:
        case "contact":
            at = (change["event"], (NOON - datetime.fromisoformat(change["occurred_at"])).days)
            place = max(i for i, one in enumerate(LIFE) if one == at)
            await live(service, twin, [*LIFE[:place], *LIFE[place + 1 :]])
        case "contacts":
            await live(service, twin, [one for one in LIFE if one[0] != change["event"]])
        case "purpose":
            await live(service, twin, LIFE, "analytics")
        case _ if change["field"] == "stage":
            return None
        case _:
            page = {name: value for name, value in PAGE.items() if name != change["field"]}
            return await shown(
                service, ADA, placement, **page, **({change["field"]: change["value"]} if "value" in change else {})
            )
    return await shown(service, twin, placement, **PAGE)


@pytest.mark.rule("D7")
async def test_an_explanation_names_what_it_rests_on(service: Running) -> None:
    """Inputs with their purposes, the permission since when, each candidate's verdict with the clause, the ranking."""
    await live(service, ADA, LIFE[:-1])
    (decision,) = await service.decide(ADA, "home_hero", now=NOW, context={"device": "mobile"})
    told = await explained(service, decision)
    assert (told["offer"]["id"], told["mode"], told["reason"]) == ("guide-headphones", "profiled", "TARGETING_MATCH")
    assert (told["bundle"], told["decided_at"], told["stage"]["title"]) == (decision["bundle"], NOW, "Think")
    inputs = {one["field"]: (one["title"], one["value"], one["purpose"]) for one in told["inputs"]}
    assert inputs["stage"] == ("Stage", "think", "personalization")
    assert inputs["lifetime_orders"] == ("Orders so far", 0, "personalization")
    assert inputs["device"] == ("Device", "mobile", None)
    assert inputs["days_since_last_order"] == ("Days since the last order", None, "personalization")
    (purpose,) = told["purposes"]
    assert (purpose["id"], purpose["title"]) == ("personalization", "A shop that fits you")
    assert (purpose["proof"], purpose["since"]) == (decision["proof"][0], text(NOON - timedelta(days=10)))
    verdicts = {one["offer"]["id"]: one for one in told["candidates"]}
    assert verdicts["guide-headphones"]["verdict"] == "shown"
    assert verdicts["shop-by-phone"]["verdict"] == "outranked"
    assert verdicts["try-in-shop"]["verdict"] == "stage"
    assert verdicts["welcome-back"]["clauses"] == [
        {"text": "lifetime_orders >= 1", "column": 1, "found": "failed", "values": {"lifetime_orders": 0}},
        {
            "text": "90 < days_since_last_order <= 365",
            "column": 26,
            "found": "unknown",
            "values": {"days_since_last_order": None},
        },
    ]
    assert (told["ranking"]["method"], told["ranking"]["propensity"]) == ("priority", 1)
    assert "given on 19 February 2026" in told["paragraphs"][3]


@pytest.mark.rule("D7")
async def test_full_detail_has_every_clause_of_every_candidate(service: Running) -> None:
    """Also of those that suited, and of those whose stage was another, with the numbers that ranked them."""
    await live(service, ADA)
    (decision,) = await service.decide(ADA, "home_hero", now=NOW)
    told = await explained(service, decision, detail="full")
    bundle = service.desks.policy.current
    for one in told["candidates"]:
        offer = bundle.offers[one["offer"]["id"]]
        clauses = [clause.text for clause in offer.rule.clauses] if offer.rule else []
        assert [clause["text"] for clause in one.get("clauses", [])] == clauses
        assert one["priority"] == offer.priority
    assert sum(one["probability"] for one in told["candidates"]) == 1
    person = await explained(service, decision)
    assert person["paragraphs"] == told["paragraphs"]
    assert not any("priority" in one for one in person["candidates"])


@pytest.mark.rule("D7")
async def test_every_counterfactual_is_true_when_it_is_tried(service: Running) -> None:
    """Whoever lived the same life but for the change is shown the offer that was named (C-203/22)."""
    await live(service, ADA)
    kinds: set[str] = set()
    for placement in PLACEMENTS:
        (decision,) = await service.decide(ADA, placement, now=NOW, context=PAGE, explain=True)
        for number, found in enumerate(decision["explanation"]["counterfactuals"]):
            assert found["offer"]["id"] != decision["offer"]["id"]
            offer = await tried(service, found["change"], placement, f"{placement}-{number}")
            assert offer in (found["offer"]["id"], None), (placement, found)
            kinds.add(found["change"]["kind"])
    assert kinds == {"contact", "value", "absent", "purpose"}


@pytest.mark.rule("D7")
async def test_a_contact_is_named_by_what_it_was_and_when(service: Running) -> None:
    """In Italian and in English, with the day by the shop's own clock."""
    await live(service, ADA)
    (decision,) = await service.decide(ADA, "home_hero", now=NOW)
    english, italian = [await explained(service, decision, language=language) for language in ("en", "it")]
    said = "Without the contact “purchase” of 27 February 2026 (Website), this would have been “Guide to headphones”."
    assert said in english["paragraphs"][4]
    detto = "Senza il contatto «acquisto» del 27 febbraio 2026 (Sito), sarebbe comparso «Guida alle cuffie»."
    assert detto in italian["paragraphs"][4]
    assert len(english["paragraphs"]) == len(italian["paragraphs"]) == 6
    for told in (english, italian):
        everything = " ".join([*told["paragraphs"], *(one["text"] for one in told["candidates"])])
        assert not any(f"{name}" in everything for name in ("_", "{", "}", "None"))


@pytest.mark.rule("D7")
async def test_the_example_in_the_documents_is_real(service: Running) -> None:
    """What docs/how-a-decision-is-explained.md shows of a life is what somebody who lives it is told."""
    await live(service, ADA)
    (decision,) = await service.decide(ADA, "home_hero", now=NOW, context={"device": "mobile"})
    document = (ROOT / "docs/how-a-decision-is-explained.md").read_text()
    quoted = [line.removeprefix("> ") for line in document.splitlines() if line.startswith("> ")]
    assert (await explained(service, decision))["paragraphs"] == quoted


@pytest.mark.rule("D7")
async def test_the_person_reads_their_own_explanation_with_the_token(service: Running) -> None:
    """The token of a decision opens its explanation and no other, and a forged one none; there is no credential."""
    for name in ("one", "other"):
        await walk(service, customer(name), events=["search"])
    decisions = [(await service.decide(customer(name), "home_hero"))[0] for name in ("one", "other")]
    path, tokens = f"/v1/decisions/{decisions[0]['decision_id']}/explanation", [one["token"] for one in decisions]
    told = succeeded(await service.http.get(path, params={"token": tokens[0], "language": "it"}))
    assert told["offer"]["title"] == "Guida alle cuffie"
    forged = tokens[0][:-2] + ("AA" if tokens[0][-2:] != "AA" else "BB")
    for wrong in ({"token": tokens[1]}, {"token": forged}, {"token": ""}, {"token": tokens[0], "detail": "full"}):
        refused(await service.http.get(path, params=wrong), 403, "forbidden")
    refused(await service.http.get(path), 401, "unauthenticated")


@pytest.mark.rule("D7")
async def test_decisions_are_explained_to_whom_may_read_them(service: Running) -> None:
    """An officer, or a key with the scope for it; a page has its token."""
    await walk(service, ADA, events=["search"])
    (decision,) = await service.decide(ADA, "home_hero")
    path = f"/v1/decisions/{decision['decision_id']}/explanation"
    for key in (service.officers[0], await service.key("decisions:read")):
        succeeded(await service.get(path, key=key))
    refused(await service.get(path, key=await service.key("decisions")), 403, "forbidden")
    origin = {"Origin": "http://127.0.0.1:8000"}
    refused(await service.get(path, key=service.browser_key, headers=origin), 403, "forbidden")
    unknown = path.replace(decision["decision_id"], "01960000-0000-7000-8000-000000000000")
    refused(await service.get(unknown, key=service.officers[0]), 404, "decision-unknown")


@pytest.mark.rule("D7")
async def test_what_is_not_stored_is_explained_in_the_answer(service: Running) -> None:
    """A contextual decision and a fallback say why at once, of whomever; nothing is stored for it."""
    await walk(service, ADA, "marketing_email", events=[])
    before = await rows(service)
    for person in (None, ADA):
        answers = await service.decide(person, *PLACEMENTS, context=CONTEXT, explain=True, language="it")
        for decision in answers:
            told = decision["explanation"]
            assert (told["decision_id"], told["offer"]["id"]) == (None, decision["offer"]["id"])
            assert (told["mode"], told["reason"]) == (decision["mode"], decision["reason"])
            assert {one["purpose"] for one in told["inputs"]} <= {None}
            verdicts = {one["offer"]["id"]: one["verdict"] for one in told["candidates"]}
            assert verdicts[decision["offer"]["id"]] == "shown"
            assert "purpose" in verdicts.values() or decision["placement"] == "newsletter_slot"
    assert await rows(service) == before


@pytest.mark.rule("D7")
async def test_a_fallback_that_was_profiled_says_so(service: Running) -> None:
    """Whoever agreed and suits no offer is told what was read of them, and on which permission."""
    await service.give(ADA, "personalization")
    (decision,) = await service.decide(ADA, "home_hero", explain=True, language="en")
    told = decision["explanation"]
    assert (told["mode"], told["decision_id"]) == ("fallback", None)
    assert [one["id"] for one in told["purposes"]] == ["personalization"]
    assert "rests on what we know of you" in told["paragraphs"][1]


@pytest.mark.rule("D7")
@pytest.mark.parametrize("held", [False, True])
async def test_what_was_read_for_a_purpose_is_not_told_after_a_no(service: Running, *, held: bool) -> None:
    """After a withdrawal it says what was done and that its inputs went, also where an open request holds them."""
    await walk(service, ADA, events=["search"])
    (decision,) = await service.decide(ADA, "home_hero")
    if held:
        await file(service, "access", ADA)
    path = f"/v1/decisions/{decision['decision_id']}/explanation"
    await service.withdraw(ADA, ["personalization"])
    for again in (False, True):
        if again:  # a new grant brings nothing back
            await service.give(ADA, "personalization")
        told = succeeded(await service.get(path))
        assert (told["inputs_are"], told["stage"], told["inputs"], told["candidates"]) == ("ended", None, [], [])
        assert (told["counterfactuals"], told["ranking"]) == ([], None)
        assert (told["offer"]["id"], told["purposes"][0]["proof"]) == ("guide-headphones", decision["proof"][0])
        assert any(paragraph.startswith("Hai detto di no") for paragraph in told["paragraphs"])
    kept = await service.database.fetchval("SELECT count(inputs) FROM decisions")
    assert kept == (1 if held else 0)
    await erase(service, ADA)
    refused(await service.get(path), 404, "decision-unknown")


@pytest.mark.rule("D7")
async def test_restricted_data_is_not_read_to_explain(service: Running) -> None:
    """While processing is restricted, what is only stored stays unread (Art. 18)."""
    await walk(service, ADA, events=["search"])
    (decision,) = await service.decide(ADA, "home_hero")
    succeeded(await service.post("/v1/restrictions", {"subject": ADA}, key=service.officers[0]), 201)
    told = succeeded(await service.get(f"/v1/decisions/{decision['decision_id']}/explanation"))
    assert (told["inputs_are"], told["inputs"], told["stage"]) == ("restricted", [], None)


@pytest.mark.rule("D7")
async def test_an_old_decision_is_explained_by_the_bundle_of_its_time(
    service: Running, policies_dir: Path, tmp_path: Path
) -> None:
    """Whatever the offers and rules are called since."""
    await live(service, ADA, LIFE[:-1])
    (decision,) = await service.decide(ADA, "home_hero", now=NOW)
    before = await explained(service, decision)
    folder = Path(shutil.copytree(policies_dir, tmp_path / "other"))
    offers = folder / "offers/see-think.toml"
    offers.write_text(offers.read_text().replace("Guide to headphones", "Something else"))
    service.desks.policy.current = await activate(service.database, folder)
    assert await explained(service, decision) == before
    (since,) = await service.decide(ADA, "home_hero", now=NOW)
    assert (await explained(service, since))["offer"]["title"] == "Something else"


@pytest.mark.rule("D6")
async def test_a_decision_is_explained_as_it_was_answered(service: Running) -> None:
    """Whether in the answer or later, the same inputs, verdicts and counterfactuals are told, each time."""
    await live(service, ADA)
    for decision in await service.decide(ADA, "home_hero", "product_sidebar", now=NOW, context=PAGE, explain=True):
        if decision["decision_id"]:
            assert await explained(service, decision, language="it") == decision["explanation"]
            assert await explained(service, decision, language="it") == decision["explanation"]


@pytest.mark.rule("D4")
async def test_the_permission_that_is_told_was_there_before(service: Running) -> None:
    """Each purpose is told with the entry of the ledger that allowed it, which took effect before the decision."""
    await live(service, ADA)
    (decision,) = await service.decide(ADA, "home_hero", now=NOW)
    told = await explained(service, decision)
    history = succeeded(await service.post("/v1/consents/history", {"subject": ADA}))["entries"]
    entries = {entry["entry_id"]: entry for entry in history}
    assert [one["proof"] for one in told["purposes"]] == decision["proof"]
    for one in told["purposes"]:
        entry = entries[one["proof"]]
        assert (entry["purpose"], entry["status"], entry["effective_at"]) == (one["id"], "given", one["since"])
        assert datetime.fromisoformat(one["since"]) <= datetime.fromisoformat(told["decided_at"])


@pytest.mark.rule("I10")
async def test_a_page_is_told_of_its_own_visitor(service: Running) -> None:
    """With a publishable key an explanation is that of the visitor whose cookie it is."""
    cookie, grant = await visitor(service)
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    own = [{"event": "search", "channel": "web", "occurred_at": text(datetime.now(UTC))}]
    succeeded(await service.browse("/v1/touchpoints", {"touchpoints": own}, cookie=cookie))
    for named, stage in ((cookie, "think"), (None, None)):
        (decision,) = await browse(service, named, "home_hero", explain=True)
        told = decision["explanation"]
        assert (told["stage"] or {}).get("id") == stage
