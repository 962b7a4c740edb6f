"""The demo replays a shop's life against the real service, and what it says is true."""

import signal
from pathlib import Path

import pytest

from tests.integration.cli.playing import LOG, Expected, ended, expected, played, started, until
from tests.running import Running

CUSTOMERS = 600
needs_log = pytest.mark.skipif(not LOG.exists(), reason=f"{LOG.name} is not beside the checkout")


def _expected(service: Running) -> Expected:
    purposes = service.desks.policy.current.purposes
    return expected(CUSTOMERS, purposes["analytics"].valid_days or 0)


@needs_log
async def test_the_counts_of_a_replayed_log_are_those_of_the_file(service: Running) -> None:
    """Every purchase is stored, or dropped for the reason that the customer's own decisions give."""
    wanted = _expected(service)
    ran = await played(service.data_dir, "--customers", str(CUSTOMERS), "--json")
    assert ran.status == 0, ran.complained
    told = ran.document
    outcomes = {"stored": told["touchpoints"]["stored"], **told["touchpoints"]["dropped"]}
    assert outcomes == {name: count for name, count in wanted.outcomes.items() if count}
    assert sum(outcomes.values()) == wanted.lines
    assert told["touchpoints"]["duplicate"] == 0
    assert told["subjects"] == wanted.customers == CUSTOMERS
    assert told["rights"] == dict(wanted.served)
    assert told["faults"] == []
    assert await service.count("touchpoints") == wanted.outcomes["stored"] - wanted.stored_again


@needs_log
async def test_a_second_replay_finds_what_the_first_one_left(service: Running) -> None:
    """Purchases are duplicates, those of who withdrew are dropped, and who was erased comes again as somebody new."""
    wanted = _expected(service)
    first = await played(service.data_dir, "--customers", str(CUSTOMERS), "--json")
    second = await played(service.data_dir, "--customers", str(CUSTOMERS), "--json", "--connections", "3")
    assert (first.status, second.status) == (0, 0), second.complained
    told = second.document["touchpoints"]
    assert told["stored"] == wanted.stored_again
    assert told["duplicate"] == wanted.outcomes["stored"] - wanted.stored_again - wanted.dropped_again
    assert told["dropped"]["withdrawn"] == wanted.outcomes["withdrawn"] + wanted.dropped_again


async def test_visitors_without_a_log_go_through_the_stages(service: Running, tmp_path: Path) -> None:
    """Where there is no log, a seeded scenario of browsing and buying shows every mode and several stages."""
    ran = await played(service.data_dir, "--customers", "150", "--json", cwd=tmp_path)
    assert ran.status == 0, ran.complained
    told = ran.document
    assert told["subjects"] == 150
    assert {decision["mode"] for decision in told["decisions"]} == {"profiled", "contextual", "fallback"}
    assert len({decision["stage"] for decision in told["decisions"] if decision["stage"]}) >= 3
    assert set(told["consents"]) == {"given", "refused", "withdrawn"}
    assert told["touchpoints"]["stored"] == await service.count("touchpoints")


async def test_the_demo_notices_a_service_that_forgets_a_withdrawal(service: Running, tmp_path: Path) -> None:
    """When a withdrawal is not effective on the next read, the demo says so and ends with status 1."""
    await service.database.run("test.lie", lambda connection: connection.execute(LIE))
    ran = await played(service.data_dir, "--customers", "150", "--json", cwd=tmp_path)
    assert ran.status == 1
    assert any("after a withdrawal" in fault for fault in ran.document["faults"])


LIE = """
CREATE FUNCTION lie() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.status := 'given'; RETURN NEW; END $$;
CREATE TRIGGER lie BEFORE INSERT OR UPDATE ON consent_state FOR EACH ROW
WHEN (NEW.status = 'withdrawn') EXECUTE FUNCTION lie();
"""


async def test_an_interrupted_demo_shows_what_it_has_so_far(service: Running, tmp_path: Path) -> None:
    """Ctrl-C ends the demo with the table of what was counted, and says that it is not all."""
    demo = await started(service.data_dir, cwd=tmp_path)

    async def begun() -> bool:
        return await service.count("touchpoints") > 0

    await until(begun)
    demo.send_signal(signal.SIGINT)
    ran = await ended(demo)
    assert ran.status == 1
    assert "subjects" in ran.said
    assert "stopped before the end" in ran.complained
    assert "Traceback" not in ran.complained
