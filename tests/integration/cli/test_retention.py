"""`placet retention run` as an operator runs it."""

import json

from tests.consenting import text
from tests.integration.cli.test_rights import placet
from tests.rules.test_retention_rules import ADA, LONG_AGO, searched
from tests.running import Running


async def test_a_dry_run_tells_what_would_go_and_changes_nothing(service: Running) -> None:
    """By table and reason, for people and for programs; the run that follows deletes just that, and ends well."""
    await searched(service, ADA, 731)
    dry = await placet(service, "retention", "run", "--dry-run")
    assert (dry.status, " ".join(dry.said.split())) == (0, "touchpoints 1 (no purpose keeps it any longer)")
    told = json.loads((await placet(service, "retention", "run", "--dry-run", "--json")).said)
    assert (told["dry_run"], [gone["rows"] for gone in told["gone"]]) == (True, [1])
    assert await service.count("touchpoints") == 1
    run = await placet(service, "retention", "run")
    assert (run.status, run.said) == (0, dry.said)
    assert await service.count("touchpoints") == 0
    assert (await placet(service, "retention", "run")).said == "Nothing was due.\n"


async def test_whoever_is_purged_is_told_of_as_a_person(service: Running) -> None:
    """How many people go with all that is theirs is told, and not who they are."""
    await service.give({"kind": "email", "value": "ada.marker@example.com"}, "analytics", now=text(LONG_AGO))
    run = await placet(service, "retention", "run")
    assert run.said.split()[:3] == ["subjects", "1", "people,"]
    assert "marker" not in run.said + run.complained
