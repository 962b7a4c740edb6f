"""The rules of objection, of a withdrawal that outlives the basis, and of minors, over HTTP."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.policy.commands import ActivePolicy, activate
from tests.consenting import DAY, HOUR, NOON, of_cookie, text, visitor
from tests.running import NOTICE, Json, Running, customer, refused, succeeded

GUARDIAN = {"identifier": {"kind": "email", "value": "Parent.Marker@Example.com"}, "verified_by": "signed letter"}


async def objected(service: Running, subject: Json, *purposes: str, **more: Any) -> dict[str, Any]:
    """Record an objection, which must succeed."""
    return succeeded(await service.post("/v1/objections", {"subject": subject, "purposes": purposes}, **more), 201)


async def restrict(service: Running, subject: Json) -> dict[str, Any]:
    """Restrict as an officer does."""
    key = service.officers[0]
    return succeeded(await service.post("/v1/restrictions", {"subject": subject}, key=key), 201)


async def lift(service: Running, subject: Json) -> dict[str, Any]:
    """Lift a restriction as an officer does."""
    key = service.officers[0]
    return succeeded(await service.post("/v1/restrictions/lift", {"subject": subject, "told": "by letter"}, key=key))


@pytest.fixture
async def moved(service: Running, policies_dir: Path, tmp_path: Path) -> Any:
    """A way to let the service go on with a bundle in which marketing and personalization rest on another basis."""

    async def move(basis: str) -> None:
        folder = tmp_path / basis
        shutil.copytree(policies_dir, folder)
        file = folder / "purposes.toml"
        blocks = file.read_text().split("\n\n")
        file.write_text("\n\n".join(_moved(block, basis) for block in blocks))
        service.desks.policy.current = await activate(service.database, folder)

    assert isinstance(service.desks.policy, ActivePolicy)
    return move


def _moved(block: str, basis: str) -> str:
    name = block.split("]", 1)[0].removeprefix("[purpose.")
    if name not in ("marketing_email", "personalization"):
        return block
    kept = [
        line for line in block.splitlines() if not line.startswith(("legal-basis", "valid-days", "honours", "direct"))
    ]
    return "\n".join([*kept, f'legal-basis = "{basis}"', "direct-marketing = true"])


@pytest.mark.rule("C19")
async def test_an_objection_denies_a_consent_given_before(service: Running) -> None:
    """Objection to direct marketing denies whatever the basis: without reason, at once, and with a receipt."""
    await service.give(customer(), "marketing_email", "analytics")
    told = await objected(service, customer(), "marketing_email")
    verdict = await service.check(customer(), "marketing_email")
    assert (verdict["allowed"], verdict["reason"], verdict["status"]) == (False, "objected", "given")
    assert verdict["proof"] == told["records"][0]["entry_id"]
    assert told["receipt"]
    assert (await service.check(customer(), "analytics"))["allowed"]


@pytest.mark.rule("C19")
async def test_a_late_packet_of_a_page_does_not_end_an_objection(service: Running) -> None:
    """Objection to direct marketing denies: a grant that a page made before it and held back for days ends nothing."""
    objected_at = datetime.now(UTC) - 2 * DAY
    cookie, grant = await visitor(service, now=text(objected_at - 2 * DAY))
    await objected(service, of_cookie(cookie), "marketing_email", now=text(objected_at))
    late = grant | {"collected_at": text(objected_at - DAY)}
    succeeded(await service.browse("/v1/consents", late, cookie=cookie), 201)
    verdict = await service.check(of_cookie(cookie), "marketing_email")
    assert (verdict["allowed"], verdict["reason"]) == (False, "objected")


@pytest.mark.rule("C19")
@pytest.mark.parametrize("basis", ["legitimate_interest", "contract", "legal_obligation"])
async def test_an_objection_to_direct_marketing_denies_whatever_the_basis(
    service: Running, moved: Any, basis: str
) -> None:
    """Objection to direct marketing denies whatever the basis, also profiling for it: all that is flagged as such."""
    await moved(basis)
    for purpose in ("marketing_email", "personalization"):
        assert (await service.check(customer(), purpose))["reason"] == basis
    await objected(service, customer(), "marketing_email")
    for purpose in ("marketing_email", "personalization"):
        verdict = await service.check(customer(), purpose)
        assert (verdict["allowed"], verdict["reason"]) == (False, "objected")
    assert (await service.check(customer(), "service"))["allowed"]
    assert (await service.check(customer("another"), "marketing_email"))["allowed"]


@pytest.mark.rule("C19")
async def test_an_objection_outlives_a_change_of_basis(service: Running, moved: Any) -> None:
    """Objection to direct marketing denies whatever the basis, also one that the bundle has only later."""
    await objected(service, customer(), "marketing_email")
    await moved("legitimate_interest")
    assert (await service.check(customer(), "personalization"))["reason"] == "objected"


@pytest.mark.rule("C19")
async def test_a_stranger_who_objects_is_remembered(service: Running) -> None:
    """An objection of somebody never seen holds from then on, by a server and by a page for its own cookie."""
    cookie, grant = await visitor(service)
    body = {"purposes": ["marketing_email"]}
    succeeded(await service.browse("/v1/objections", body, cookie=cookie), 201)
    assert (await service.check(of_cookie(cookie), "marketing_email"))["reason"] == "objected"
    refused(await service.browse("/v1/objections", body), 422, "subject-missing")
    answer = await service.browse("/v1/objections", body | {"subject": customer()}, cookie=cookie)
    refused(answer, 403, "not-your-subject")
    succeeded(await service.browse("/v1/consents", grant, cookie=cookie), 201)
    assert (await service.check(of_cookie(cookie), "marketing_email"))["allowed"]


@pytest.mark.rule("C19")
async def test_only_a_later_grant_of_the_same_purpose_ends_an_objection(service: Running) -> None:
    """Objection denies until the person says yes to that very purpose again; a late packet of before does not."""
    await objected(service, customer(), "marketing_email", now=text(NOON))
    early = text(NOON - HOUR)
    await service.give(customer(), "marketing_email", collected_at=early, now=text(NOON + HOUR))
    assert (await service.check(customer(), "marketing_email", now=text(NOON + HOUR)))["reason"] == "objected"
    await service.give(customer(), "analytics", now=text(NOON + HOUR))
    assert (await service.check(customer(), "marketing_email", now=text(NOON + HOUR)))["reason"] == "objected"
    await service.give(customer(), "marketing_email", now=text(NOON + 2 * HOUR))
    assert (await service.check(customer(), "marketing_email", now=text(NOON + 2 * HOUR)))["allowed"]
    await objected(service, customer(), "marketing_email", now=text(NOON + 3 * HOUR))
    assert (await service.check(customer(), "marketing_email", now=text(NOON + 3 * HOUR)))["reason"] == "objected"


@pytest.mark.rule("C19")
@pytest.mark.parametrize("purpose", ["no-such-purpose", "service"])
async def test_an_objection_that_would_change_nothing_is_refused(service: Running, purpose: str) -> None:
    """An objection to a purpose that is unknown, or that Article 21 does not reach, must not look heard."""
    body = {"subject": customer(), "purposes": ["marketing_email", purpose]}
    problem = refused(await service.post("/v1/objections", body), 422, "objection-refused")
    assert [fault["path"] for fault in problem["errors"]] == ["$.purposes"]
    assert await service.count("ledger_entries") == await service.count("subjects") == 0


@pytest.mark.rule("C19")
async def test_the_same_key_objects_once(service: Running) -> None:
    """An objection sent again with its Idempotency-Key is the same objection; another body is a conflict."""
    headers = {"Idempotency-Key": "objection-1"}
    told = await asyncio.gather(*(objected(service, customer(), "marketing_email", headers=headers) for _ in range(10)))
    assert all(one == told[0] for one in told)
    assert await service.count("ledger_entries") == 1
    other = {"subject": customer(), "purposes": ["analytics"]}
    refused(await service.post("/v1/objections", other, headers=headers), 409, "idempotency-conflict")


@pytest.mark.rule("C19")
async def test_decisions_and_touchpoints_follow_an_objection(service: Running) -> None:
    """Objection denies profiling too: nothing is profiled and nothing is kept for the purpose objected to."""
    await service.give(customer(), "personalization", now=text(NOON - HOUR))
    touched = await service.touch(customer(), "view_product", text(NOON - HOUR), now=text(NOON))
    assert touched["outcome"] == "stored"
    assert (await service.decide(customer(), "home_hero", now=text(NOON)))[0]["mode"] == "profiled"
    await objected(service, customer(), "personalization", now=text(NOON))
    assert (await service.decide(customer(), "home_hero", now=text(NOON)))[0]["mode"] != "profiled"
    outcome = await service.touch(customer(), "view_product", text(NOON), now=text(NOON))
    assert outcome == {"outcome": "dropped", "reason": "objected"}
    refused(await service.post("/v1/journeys/position", {"subject": customer()}), 403, "consent-required")


@pytest.mark.rule("C22")
async def test_what_rests_on_another_basis_goes_with_the_objection(service: Running, moved: Any) -> None:
    """A withdrawal keeps what a purpose on another basis needs; an objection to any direct marketing ends them all."""
    await moved("legitimate_interest")
    await service.give(customer(), "analytics")
    await service.touch(customer(), "search", "2026-03-01T10:00:00Z")
    await service.withdraw(customer(), ["analytics"])
    assert await service.count("touchpoints") == 1
    await objected(service, customer(), "marketing_email")
    assert await service.count("touchpoints") == 0


@pytest.mark.rule("C18")
@pytest.mark.parametrize("basis", ["legitimate_interest", "contract"])
async def test_what_was_withdrawn_does_not_continue_on_another_basis(service: Running, moved: Any, basis: str) -> None:
    """A purpose whose consent was withdrawn does not continue on another basis, also not after a bundle change."""
    await service.give(customer("withdrew"), "marketing_email", "personalization")
    await service.withdraw(customer("withdrew"), ["marketing_email"])
    await service.give(customer("kept on"), "marketing_email")
    succeeded(await service.record(customer("refused"), {"marketing_email": "refused"}), 201)
    await moved(basis)
    verdict = await service.check(customer("withdrew"), "marketing_email")
    assert (verdict["allowed"], verdict["reason"]) == (False, "withdrawn")
    assert (await service.check(customer("refused"), "marketing_email"))["reason"] == "refused"
    for who in ("kept on", "stranger"):
        assert (await service.check(customer(who), "marketing_email"))["reason"] == basis
    assert (await service.check(customer("withdrew"), "personalization"))["allowed"]
    await service.withdraw(customer("kept on"), ["marketing_email"])
    assert (await service.check(customer("kept on"), "marketing_email"))["reason"] == "withdrawn"


@pytest.mark.rule("C18")
async def test_what_was_given_again_continues(service: Running, moved: Any) -> None:
    """A withdrawal does not outlive a later grant: the person said yes again before the basis changed."""
    await service.give(customer(), "marketing_email")
    await service.withdraw(customer())
    await service.give(customer(), "marketing_email")
    await moved("legitimate_interest")
    assert (await service.check(customer(), "marketing_email"))["reason"] == "legitimate_interest"


@pytest.mark.rule("C17")
async def test_a_minor_alone_cannot_grant(service: Running) -> None:
    """Below the age of consent a grant needs a verified guardian; a refusal does not."""
    problem = refused(await service.record(customer(), {"analytics": "given"}, minor=True), 422, "record-refused")
    assert [fault["path"] for fault in problem["errors"]] == ["$.minor"]
    for broken in ({"identifier": GUARDIAN["identifier"]}, GUARDIAN | {"verified_by": ""}):
        answer = await service.record(customer(), {"analytics": "given"}, minor=True, guardian=broken)
        assert answer.status_code in (400, 422)
    assert await service.count("ledger_entries") == 0
    succeeded(await service.record(customer(), {"analytics": "refused"}, minor=True), 201)


@pytest.mark.rule("C17")
async def test_a_verified_guardian_can_grant(service: Running) -> None:
    """With a verified guardian the grant holds; the guardian is kept sealed, and the entry commits to them."""
    screen = {"screen": "banner-a"}
    await service.give(customer(), "analytics", minor=True, guardian=GUARDIAN, evidence=screen)
    assert (await service.check(customer(), "analytics"))["allowed"]
    row = await service.database.fetchrow("SELECT * FROM ledger_entries")
    assert row is not None
    seals = await service.desks.keys.seals([row["subject_id"]])
    opened = seals.open("ledger_entries", "evidence", row["subject_id"], row["evidence"])
    assert b"parent.marker@example.com" in opened
    assert b"signed letter" in opened
    assert b"banner-a" in opened
    assert (row["payload"]["minor"], row["payload"]["guardian_verified"]) == (True, True)
    assert "evidence_sha256" in row["payload"]
    assert "marker" not in str(dict(row["payload"])).lower()


@pytest.mark.rule("C17")
async def test_a_page_cannot_vouch_for_a_guardian(service: Running) -> None:
    """A guardian is verified by the site's server: whoever sits before a page may be the child."""
    cookie, grant = await visitor(service)
    body = grant | {"minor": True, "guardian": GUARDIAN}
    problem = refused(await service.browse("/v1/consents", body, cookie=cookie), 422, "record-refused")
    assert [fault["path"] for fault in problem["errors"]] == ["$.guardian"]
    problem = refused(
        await service.record(customer(), {"analytics": "given"}, guardian=GUARDIAN), 422, "record-refused"
    )
    assert [fault["path"] for fault in problem["errors"]] == ["$.guardian"]


async def test_a_restriction_stops_every_use_whatever_the_basis(service: Running) -> None:
    """A restricted person's data may be kept and not used, until an officer lifts it (Art. 18)."""
    await service.give(customer(), "analytics", "personalization", now=text(NOON - HOUR))
    held = await restrict(service, customer())
    assert await restrict(service, customer()) == held
    for purpose in ("service", "analytics", "marketing_email"):
        verdict = await service.check(customer(), purpose)
        assert (verdict["allowed"], verdict["reason"], verdict["proof"]) == (False, "restricted", held["entry_id"])
    assert (await service.decide(customer(), "home_hero", now=text(NOON)))[0]["mode"] != "profiled"
    outcome = await service.touch(customer(), "view_product", text(NOON), now=text(NOON))
    assert outcome == {"outcome": "dropped", "reason": "restricted"}
    assert (await lift(service, customer()))["entry_id"]
    assert (await service.check(customer(), "analytics"))["allowed"]
    assert (await lift(service, customer()))["entry_id"] is None
    kinds = [row["kind"] for row in await service.database.fetch("SELECT kind FROM ledger_entries ORDER BY entry_id")]
    assert kinds == ["consent", "consent", "restriction", "restriction_lifted"]


async def test_a_stranger_can_be_restricted_and_nobody_is_made_to_be_freed(service: Running) -> None:
    """A restriction of somebody never seen holds for what comes later; lifting one that never was writes nothing."""
    assert await lift(service, customer("nobody")) == {"subject_id": None, "entry_id": None}
    assert await service.count("subjects") == 0
    await restrict(service, customer())
    await service.give(customer(), "analytics")
    assert (await service.check(customer(), "analytics"))["reason"] == "restricted"


async def test_only_an_officer_restricts(service: Running) -> None:
    """A server or a page cannot restrict or lift."""
    for path in ("/v1/restrictions", "/v1/restrictions/lift"):
        refused(await service.post(path, {"subject": customer()}), 403, "forbidden")


@pytest.mark.rule("C18")
async def test_an_old_form_of_grant_is_not_a_way_round(service: Running, moved: Any) -> None:
    """A purpose that moved to another basis is not up for consent, so that no grant can undo a withdrawal unseen."""
    await service.give(customer(), "marketing_email")
    await service.withdraw(customer())
    await moved("contract")
    body = {"subject": customer(), "site": "shop", "notice": NOTICE, "method": "form"}
    answer = await service.post("/v1/consents", body | {"decisions": {"marketing_email": "given"}})
    refused(answer, 422, "record-refused")
    assert (await service.check(customer(), "marketing_email"))["reason"] == "withdrawn"
