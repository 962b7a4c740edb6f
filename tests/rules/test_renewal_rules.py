"""The rules of giving consent again, over HTTP."""

import pytest

from tests.consenting import DAY, HOUR, NOON, YEAR, text
from tests.running import Running, customer, succeeded

NOW, LATER = text(NOON), text(NOON + HOUR)
ADA = customer("ada-marker")


@pytest.mark.rule("C13")
async def test_a_renewal_is_an_event_of_its_own(service: Running) -> None:
    """Renewal is a new event, not an extension: its own entry, and a validity that runs from its own time."""
    first = (await service.give(ADA, "analytics", now=NOW))["records"][0]
    again = (await service.give(ADA, "analytics", now=text(NOON + 30 * DAY)))["records"][0]
    assert first["entry_id"] != again["entry_id"]
    for record, at in ((first, NOON), (again, NOON + 30 * DAY)):
        assert (record["effective_at"], record["valid_until"]) == (text(at), text(at + YEAR))
    for at, record in ((NOON + 29 * DAY, first), (NOON + 30 * DAY, again)):
        verdict = await service.check(ADA, "analytics", at=text(at), now=text(NOON + 31 * DAY))
        assert (verdict["proof"], verdict["valid_until"]) == (record["entry_id"], record["valid_until"])
    told = succeeded(await service.post("/v1/consents/history", {"subject": ADA}))["entries"]
    assert [entry["entry_id"] for entry in told] == [first["entry_id"], again["entry_id"]]
    assert [entry["valid_until"][:10] for entry in told] == [text(NOON + YEAR)[:10], text(NOON + 30 * DAY + YEAR)[:10]]


@pytest.mark.rule("C13")
async def test_a_renewal_keeps_what_was_kept(service: Running) -> None:
    """Renewal is a new event that follows on the one before: what was kept in between is still read."""
    await service.give(ADA, "personalization", now=NOW)
    await service.touch(ADA, "search", NOW, now=NOW)
    await service.give(ADA, "personalization", now=LATER)
    assert (await service.position(ADA, now=LATER))["stage"] == "think"
