"""R15: who comes back after an erasure, and who does not."""

import pytest

from tests.filing import erase
from tests.running import Running, customer, refused, succeeded

ADA = customer("ada")
EMAIL = {"kind": "email", "value": "Ada@example.com"}
BEFORE, THEN = "2026-01-10T10:00:00Z", "2026-03-02T10:00:00Z"
GIVEN = {"analytics": "given"}


@pytest.mark.rule("R15")
async def test_an_import_does_not_bring_back_the_erased(service: Running) -> None:
    """After an erasure an import for any of the person's identifiers is 409, and nobody is made."""
    await service.give(ADA, "analytics", now=BEFORE)
    await erase(service, ADA)
    paper = {"method": "import", "collected_at": BEFORE}
    problem = refused(await service.record(ADA, GIVEN, **paper), 409, "suppressed")
    assert "ada" not in str(problem).lower()
    refused(await service.record(ADA, GIVEN, method="paper", collected_at=BEFORE), 409, "suppressed")
    assert await service.count("lookups") == 0
    succeeded(await service.record(EMAIL, GIVEN, method="paper", collected_at=BEFORE), 201)


@pytest.mark.rule("R15")
async def test_a_withdrawal_by_the_erased_is_success_and_makes_nobody(service: Running) -> None:
    """A withdrawal by a stranger or an erased person is 200, and stores nothing but the suppression."""
    await service.give(ADA, "analytics")
    await erase(service, ADA)
    before = await service.contents()
    for person in (ADA, customer("nobody")):
        assert (await service.withdraw(person))["records"] == []
    assert await service.contents() == before
    assert before["suppressions"] == 1


@pytest.mark.rule("R15")
async def test_a_fresh_grant_makes_a_new_subject(service: Running) -> None:
    """Who gives consent after an erasure is somebody new, and what others ask in the same call is not disturbed."""
    before = (await service.give(ADA, "analytics"))["subject_id"]
    await erase(service, ADA)
    fresh = await service.give(ADA, "analytics")
    assert fresh["subject_id"] != before
    assert (await service.check(ADA, "analytics"))["allowed"]


async def test_a_suppression_says_nothing_to_who_has_only_the_lookup_key(service: Running) -> None:
    """The suppression of an identifier is not its lookup: it stays what it is when the lookup key is rotated."""
    await service.give(ADA, "analytics")
    lookup = await service.database.fetchval("SELECT lookup FROM lookups")
    await erase(service, ADA)
    suppressed = await service.database.fetchval("SELECT suppressed FROM suppressions")
    assert suppressed[2:] != lookup[2:]
    assert await service.database.fetchval("SELECT expires_at > erased_at + interval '9 years' FROM suppressions")
