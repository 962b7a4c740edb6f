"""The rules of imports through a link, and of what a link made of them, over HTTP."""

import pytest

from tests.consenting import NOON, of_cookie, text
from tests.linking import cookie, link, unlink
from tests.running import Json, Running, customer, succeeded

PAPER = text(NOON)
KNOWN = customer("known")


async def imported(service: Running, subject: Json, said: str) -> None:
    """Import one decision, with the same date each time."""
    answer = await service.record(subject, {"analytics": said}, method="import", collected_at=PAPER)
    assert [record["status"] for record in succeeded(answer, 201)["records"]] == [said]


async def allowed(service: Running, subject: Json) -> bool:
    """Whether analytics may be pursued."""
    return (await service.check(subject, "analytics"))["allowed"]


@pytest.mark.rule("C11")
async def test_what_a_link_brought_does_not_stand_for_an_import(service: Running) -> None:
    """A refusal on paper counts when it is typed in for its person, also where the same had come through a link."""
    await service.give(KNOWN, "analytics")
    browser = await cookie(service)
    await imported(service, of_cookie(browser), "refused")
    await link(service, browser, KNOWN)
    await imported(service, KNOWN, "refused")
    await unlink(service, browser)
    history = succeeded(await service.post("/v1/consents/history", {"subject": KNOWN}))["entries"]
    assert [entry["status"] for entry in history if not entry.get("link")] == ["given", "refused"]


@pytest.mark.rule("I6")
@pytest.mark.parametrize("first", ["import", "link"])
async def test_a_grant_from_elsewhere_stays_with_its_browser(service: Running, first: str) -> None:
    """Whether a file is imported before somebody signs in or afterwards, its grant is not that of the known subject."""
    browser = await cookie(service)
    steps = {
        "import": lambda: imported(service, of_cookie(browser), "given"),
        "link": lambda: link(service, browser, KNOWN),
    }
    for step in sorted(steps, key=lambda name: name != first):
        await steps[step]()
    assert not await allowed(service, KNOWN)
    await unlink(service, browser)
    assert not await allowed(service, KNOWN)
    assert (await service.check(of_cookie(browser), "analytics", now=PAPER))["allowed"]
