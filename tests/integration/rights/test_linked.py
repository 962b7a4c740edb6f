"""What a request about one end of a link takes and shows, and what it leaves to the other (DESIGN section 8)."""

from uuid import UUID

import pytest

from service.kernel.crypto import to_text
from service.subjects.model import Identifier
from tests.consenting import of_cookie
from tests.filing import REQUESTS, approve_all, data, erase, package
from tests.linking import browser_says, cookie, link, say
from tests.running import Running, customer, succeeded

ADA = customer("ada.marker")


@pytest.fixture
async def linked(service: Running) -> tuple[str, UUID, UUID]:
    """A browser that refused, gave, and is linked to somebody who gave: its cookie, its own subject, and the other."""
    value = await cookie(service)
    await say(service, of_cookie(value), "refused", "analytics")
    anonymous = (await service.give(of_cookie(value), "personalization"))["subject_id"]
    known = (await service.give(ADA, "analytics"))["subject_id"]
    await link(service, value, ADA)
    await browser_says(service, value, model_training="refused", marketing_email="given")
    return value, UUID(anonymous), UUID(known)


async def reasons(service: Running, value: str) -> dict[str, str]:
    """Why the check says what it says of a cookie."""
    purposes = ["analytics", "personalization", "model_training", "marketing_email"]
    body = {"subject": of_cookie(value), "purposes": purposes}
    results = succeeded(await service.post("/v1/consents/check", body))["results"]
    return {purpose: verdict["reason"] for purpose, verdict in results.items()}


async def test_erasing_the_known_subject_sends_the_browser_home(
    service: Running, linked: tuple[str, UUID, UUID]
) -> None:
    """The browser speaks for itself again, and nothing of what is its own leads to whoever was erased."""
    value, anonymous, known = linked
    await erase(service, ADA)
    assert await reasons(service, value) == {
        "analytics": "refused",
        "personalization": "consent_given",
        "model_training": "refused",
        "marketing_email": "consent_given",
    }
    (row,) = await service.database.fetch("SELECT subject_id, linked_to FROM lookups")
    assert (row["subject_id"], row["linked_to"]) == (anonymous, None)
    payloads = await service.database.fetch("SELECT payload::text FROM ledger_entries WHERE payload IS NOT NULL")
    assert not [row for row in payloads if str(known) in row["payload"] and str(anonymous) in row["payload"]]
    held = await service.database.fetchval(
        "SELECT count(*) FROM ledger_entries WHERE subject_id = $1 AND kind <> 'erasure' AND payload IS NOT NULL", known
    )
    assert held == 0
    await link(service, value, customer("bob"))


@pytest.mark.parametrize("asked_by", ["server", "browser"])
async def test_erasing_the_browser_leaves_the_known_subject(
    service: Running, linked: tuple[str, UUID, UUID], asked_by: str
) -> None:
    """A cookie covers its own subject only, also when it asks for itself; what it brought the other stays with them."""
    value, anonymous, known = linked
    if asked_by == "server":
        await erase(service, of_cookie(value))
    else:
        filed = await service.browse(REQUESTS, {"right": "erasure", "language": "en"}, cookie=value)
        await approve_all(service, succeeded(filed, 202)["request_id"])
    states = await service.database.fetch("SELECT subject_id, state FROM subjects")
    assert {row["subject_id"]: row["state"] for row in states} == {anonymous: "erased", known: "active"}
    assert set((await reasons(service, value)).values()) == {"unknown"}
    assert (await service.check(ADA, "analytics"))["reason"] == "refused"


async def test_erasing_both_leaves_nothing(service: Running, linked: tuple[str, UUID, UUID]) -> None:
    """Whoever names both ends of a link is erased at both."""
    value, _, _ = linked
    await erase(service, ADA, of_cookie(value))
    assert await service.count("lookups") == await service.count("consent_state") == 0
    left = "SELECT count(*) FROM ledger_entries WHERE kind NOT IN ('erasure', 'rights_request') AND payload IS NOT NULL"
    assert await service.database.fetchval(left) == 0


async def test_a_package_covers_the_ends_that_are_named(service: Running, linked: tuple[str, UUID, UUID]) -> None:
    """One end's package holds nothing of the other's; with both ends named it holds both."""
    value, anonymous, known = linked
    ends = {known: (ADA, "ada.marker"), anonymous: (of_cookie(value), value)}
    for own, other in ((known, anonymous), (anonymous, known)):
        identifier, _ = ends[own]
        with await package(service, identifier) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist()).decode()
            told = data(archive)
        foreign, secret = ends[other]
        hash_of_other = to_text(service.desks.subjects.lookup(Identifier(**foreign)).hash)
        assert [subject["subject_id"] for subject in told["subjects"]] == [str(own)]
        assert [each for each in (secret, str(other), hash_of_other) if each in content] == []
    told = data(await package(service, ADA, of_cookie(value)))
    assert {subject["subject_id"] for subject in told["subjects"]} == {str(known), str(anonymous)}
