"""What another bundle would change, asked of a service with people in it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from service.consent.asking.store import standings
from tests.integration.cli.playing import ROOT, Ended, ended
from tests.running import Running, customer
from tests.unit.policy.folder import Folder

MAJOR = 'purposes = ["service", "analytics", "personalization", "marketing_email", "model_training"]'


async def compared(service: Running, *arguments: str, **environment: str) -> Ended:
    """The command, with the database and the keys of the service."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", "policies", "diff", *arguments),
        cwd=ROOT,
        env=own | service.settings() | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A copy of the bundle that is in force, to change."""
    return Folder(tmp_path / "new")


def publish(folder: Folder) -> None:
    """Add a major version of the notice that changes analytics."""
    for language in ("it", "en"):
        text = (folder.path / f"notices/shop/1.0.{language}.md").read_text()
        folder.write(f"notices/shop/2.0.{language}.md", text.replace(MAJOR, f'{MAJOR}\nchanges = ["analytics"]'))


async def in_force(service: Running) -> str:
    """The digest of the bundle that the service decides by."""
    return await service.database.fetchval("SELECT digest FROM activations")


async def test_who_must_be_asked_again_is_counted(service: Running, folder: Folder) -> None:
    """As many as the checks will turn away once the bundle is in force; few are not counted out."""
    for number in range(12):
        await service.give(customer(f"yes {number}"), "analytics", "personalization")
    for number in range(3):
        await service.record(customer(f"no {number}"), {"analytics": "refused"})
    publish(folder)
    ran = await compared(service, await in_force(service), str(folder.path), "--json")
    assert ran.status == 1, ran.complained
    assert ran.document["concerned"] == [{"purpose": "analytics", "effect": "ask_again", "people": 12}]
    assert {one["id"] for one in ran.document["differences"]} == {"shop 2.0 en", "shop 2.0 it"}
    folder.edit("purposes.toml", 'legal-basis = "consent"', 'legal-basis = "legitimate_interest"')
    folder.edit("purposes.toml", "valid-days = 365\nhonours-gpc = true\n", "")
    ran = await compared(service, (await in_force(service))[:19], str(folder.path), "--json")
    few: list[dict[str, Any]] = [{"purpose": "analytics", "effect": "no_stays", "people": None, "fewer_than": 10}]
    assert ran.document["concerned"] == few
    said = await compared(service, await in_force(service), str(folder.path))
    assert "analytics: it rests on consent no longer, but the no of fewer than 10 people stays a no" in said.said


async def test_the_erased_and_the_expired_are_not_counted(service: Running) -> None:
    """Only active people are there, and what has expired is not said any more."""
    await service.give(customer("old"), "analytics", now="2024-01-01T00:00:00Z")
    await service.give(customer("new"), "analytics")
    counts = await service.database.run("test.standings", standings)
    assert (counts.people, [(group.purpose, group.people) for group in counts.groups]) == (2, [("analytics", 1)])


async def test_what_cannot_be_reached_or_named_is_told(service: Running, folder: Folder) -> None:
    """A digest that never was, a folder that is none, a database that is gone: a sentence and its status."""
    unknown = await compared(service, "sha256:" + "0" * 64, str(folder.path))
    nothing = await compared(service, str(folder.path / "nowhere"), str(folder.path))
    gone = await compared(service, *[str(folder.path)] * 2, PLACET_DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert [ran.status for ran in (unknown, nothing, gone)] == [2, 2, 3]
    assert "was ever active here" in unknown.complained
    assert "is no bundle" in nothing.complained
    assert all("Traceback" not in ran.complained for ran in (unknown, nothing, gone))
