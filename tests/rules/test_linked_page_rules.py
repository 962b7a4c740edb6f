"""The rules of a page whose visitor is known, over HTTP: what it may say for them, and what it is told."""

import pytest

from tests.consenting import ON_CONSENT, of_cookie
from tests.linking import LINK, UNLINK, browser_says, cookie, link, unlink
from tests.running import Json, Running, customer, refused, succeeded

ADA = customer("ada")


@pytest.mark.rule("I10")
@pytest.mark.parametrize(
    ("anonymous", "known", "path"),
    [
        ("known", "known", "$.anonymous.kind"),
        ("cookie", "cookie", "$.known.kind"),
        ("cookie", "other cookie", "$.known.kind"),
    ],
)
async def test_only_a_browser_and_somebody_are_linked(service: Running, anonymous: str, known: str, path: str) -> None:
    """Two known identifiers, two browsers, or one with itself are an error that names the place."""
    identifiers = {name: of_cookie(await cookie(service)) for name in ("cookie", "other cookie")} | {"known": ADA}
    body = {"anonymous": identifiers[anonymous], "known": identifiers[known]}
    problem = refused(await service.post(LINK, body), 422, "link-refused")
    assert [error["path"] for error in problem["errors"]] == [path]
    refused(await service.post(UNLINK, {"identifier": ADA}), 422, "link-refused")
    assert await service.count("subjects") == 0


@pytest.mark.rule("I10")
async def test_an_identifier_that_cannot_be_read_is_told_with_its_place(service: Running) -> None:
    """Which of the two identifiers is wrong is said, and neither is repeated."""
    value = of_cookie(await cookie(service))
    wrong: list[tuple[str, Json, str]] = [
        (LINK, {"anonymous": of_cookie("invented"), "known": ADA}, "$.anonymous"),
        (LINK, {"anonymous": value, "known": {"kind": "email", "value": "invented"}}, "$.known"),
        (LINK, {"anonymous": value, "known": {"kind": "invented", "value": "x"}}, "$.known"),
        (UNLINK, {"identifier": of_cookie("invented")}, "$.identifier"),
    ]
    for path, body, place in wrong:
        answer = await service.post(path, body)
        assert [error["path"] for error in refused(answer, 422, "identifier-refused")["errors"]] == [place]
        assert "invented" not in answer.text
    for body in ({"anonymous": value}, {"anonymous": value, "known": ADA, "more": 1}, {"anonymous": 1, "known": ADA}):
        refused(await service.post(LINK, body), 422, "invalid-body")


@pytest.mark.rule("I10")
async def test_a_page_can_link_nobody(service: Running) -> None:
    """A publishable key says neither who has signed in nor who has not, and a key without the scope neither."""
    value = await cookie(service)
    for path, body in (
        (LINK, {"anonymous": of_cookie(value), "known": ADA}),
        (UNLINK, {"identifier": of_cookie(value)}),
    ):
        refused(await service.browse(path, body, cookie=value), 403, "forbidden")
        refused(await service.post(path, body, key=await service.key("consent:read")), 403, "forbidden")
    assert await service.count("subjects") == 0


@pytest.mark.rule("I10")
async def test_through_a_link_a_no_reaches_the_known_subject_and_a_yes_does_not(service: Running) -> None:
    """A linked page's refusal or withdrawal is the known subject's; its grant is recorded as dormant, of its own."""
    value = await cookie(service)
    known = await service.give(ADA, "analytics", "marketing_email")
    await link(service, value, ADA)
    answer = await browser_says(service, value, analytics="refused", personalization="given")
    assert {r["purpose"]: (r["status"], r.get("dormant", False)) for r in answer["records"]} == {
        "analytics": ("refused", False),
        "personalization": ("given", True),
    }
    assert answer["subject_id"] == known["subject_id"]
    assert (await service.check(ADA, "analytics"))["reason"] == "refused"
    assert (await service.check(ADA, "personalization"))["reason"] == "unknown"
    assert (await service.check(of_cookie(value), "personalization"))["reason"] == "unknown"
    body = {"purposes": "all", "site": "shop"}
    withdrawn = succeeded(await service.browse("/v1/consents/withdraw", body, cookie=value))
    assert {record["purpose"] for record in withdrawn["records"]} >= {"analytics", "marketing_email"}
    assert (await service.check(ADA, "marketing_email"))["reason"] == "withdrawn"


@pytest.mark.rule("I10")
async def test_a_page_that_withdraws_everything_takes_back_its_own_too(service: Running) -> None:
    """A withdrawal of everything through a link is the known subject's, and ends what the page had given dormant."""
    value = await cookie(service)
    await link(service, value, ADA)
    await browser_says(service, value, analytics="given")
    body = {"purposes": "all", "site": "shop"}
    withdrawn = succeeded(await service.browse("/v1/consents/withdraw", body, cookie=value))
    assert [(r["purpose"], r["status"], r["dormant"]) for r in withdrawn["records"]] == [
        ("analytics", "withdrawn", True)
    ]
    await unlink(service, value)
    assert (await service.check(of_cookie(value), "analytics"))["reason"] == "withdrawn"


@pytest.mark.rule("I10")
async def test_a_dormant_grant_counts_when_the_link_ends_unless_it_was_taken_back(service: Running) -> None:
    """What a page gave through a link is its own subject's once that is alone again; a later no there ended it."""
    value = await cookie(service)
    await link(service, value, ADA)
    answer = await browser_says(service, value, analytics="given", personalization="given")
    assert [record["dormant"] for record in answer["records"]] == [True, True]
    body = {"purposes": ["analytics"], "site": "shop"}
    succeeded(await service.browse("/v1/consents/withdraw", body, cookie=value))
    await unlink(service, value)
    assert (await service.check(of_cookie(value), "personalization"))["allowed"]
    assert (await service.check(of_cookie(value), "analytics"))["reason"] == "withdrawn"
    assert (await service.check(ADA, "personalization"))["reason"] == "unknown"
    assert (await service.check(ADA, "analytics"))["reason"] == "withdrawn"


@pytest.mark.rule("I10")
async def test_a_page_objects_for_the_known_subject_and_for_itself(service: Running) -> None:
    """An objection said through a link holds for the known subject, and for the browser after the link."""
    value = await cookie(service)
    await service.give(ADA, "marketing_email")
    await link(service, value, ADA)
    succeeded(await service.browse("/v1/objections", {"purposes": ["marketing_email"]}, cookie=value), 201)
    await unlink(service, value)
    for subject in (ADA, of_cookie(value)):
        assert (await service.check(subject, "marketing_email"))["reason"] == "objected"


@pytest.mark.rule("I10")
async def test_a_server_speaks_through_a_linked_cookie_for_the_known_subject(service: Running) -> None:
    """Where a server names a linked cookie it means the known subject, grants included."""
    value = await cookie(service)
    known = await link(service, value, ADA)
    assert (await service.give(of_cookie(value), "analytics"))["subject_id"] == known["subject_id"]
    assert (await service.check(ADA, "analytics"))["allowed"]


@pytest.mark.rule("I10")
async def test_a_linked_page_is_told_what_holds_and_not_since_when(service: Running) -> None:
    """Status and notice tell a linked page what counts, without dates and texts of elsewhere, and it asks nothing."""
    value = await cookie(service)
    await service.give(ADA, "analytics")
    await link(service, value, ADA)
    told = succeeded(await service.browse("/v1/consents/status", {}, cookie=value))["purposes"]["analytics"]
    assert (told["status"], told["since"], told["notice"]) == ("given", None, None)
    headers = {"Origin": "http://127.0.0.1:8000", "Placet-Cookie": value}
    shown = succeeded(await service.get("/v1/notices/shop", key=service.browser_key, headers=headers))
    assert {p["id"]: p["status"] for p in shown["purposes"] if p["id"] in ON_CONSENT}["analytics"] == "given"
    assert shown["ask"] is False
    whole = succeeded(await service.post("/v1/consents/status", {"subject": of_cookie(value)}))["purposes"]
    assert whole["analytics"]["since"] is not None
