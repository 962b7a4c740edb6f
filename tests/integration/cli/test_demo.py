"""The demo replays a shop's life against the real service, and what it says is true."""

import asyncio
import re
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from service.cli import credentials
from service.cli.credentials import Credentials
from service.cli.demo.caller import Caller
from service.cli.demo.tally import Tally
from service.cli.ending import Stop
from tests.integration.cli.playing import LOG, Expected, ended, expected, played, started, until
from tests.running import Running

POLICIES = Path(__file__).parents[3] / "policies"
PURPOSES = ("analytics", "personalization", "marketing_email", "model_training")
needs_log = pytest.mark.skipif(not LOG.exists(), reason=f"{LOG.name} is not beside the checkout")


@pytest.fixture
def policies_dir(tmp_path: Path) -> Path:
    """The shop, which keeps data for as long as the log is old."""
    folder = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    purposes = folder / "purposes.toml"
    purposes.write_text(re.sub(r"retention-days = \d+", "retention-days = 36500", purposes.read_text()))
    return folder


def _expected(service: Running, customers: int) -> Expected:
    return expected(customers, service.desks.policy.current.purposes["analytics"].valid_days or 0)


@needs_log
async def test_the_counts_of_a_replayed_log_are_those_of_the_file(service: Running) -> None:
    """Every purchase is stored, or dropped for the reason that the customer's own decisions give."""
    wanted = _expected(service, 600)
    ran = await played(service.data_dir, "--customers", "600", "--json")
    assert ran.status == 0, ran.complained
    told = ran.document
    outcomes = {"stored": told["touchpoints"]["stored"], **told["touchpoints"]["dropped"]}
    assert outcomes == {name: count for name, count in wanted.outcomes.items() if count}
    assert sum(outcomes.values()) == wanted.lines
    assert told["touchpoints"]["duplicate"] == 0
    assert told["subjects"] == wanted.customers == 600
    assert told["consents"]["withdrawn"] == wanted.withdrawing * len(PURPOSES)
    assert told["rights"] == dict(wanted.served)
    assert told["faults"] == []
    gone = wanted.stored_again + wanted.dropped_again
    assert await service.count("touchpoints") == wanted.outcomes["stored"] - gone


@needs_log
async def test_a_second_replay_finds_what_the_first_one_left(service: Running) -> None:
    """Purchases are duplicates, those of who withdrew are dropped, and of who was erased nothing comes back."""
    wanted = _expected(service, 400)
    first = await played(service.data_dir, "--customers", "400", "--json")
    second = await played(service.data_dir, "--customers", "400", "--json", "--connections", "3")
    assert (first.status, second.status) == (0, 0), second.complained
    told = second.document["touchpoints"]
    assert told["stored"] == 0
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
    assert told["rights"]["erasure"] > 0
    counted = await service.database.fetchval("SELECT sum(n)::int FROM touchpoint_counts")
    assert sum(told["touchpoints"]["counted"].values()) == counted > 0
    assert 0 < await service.count("touchpoints") < told["touchpoints"]["stored"]


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


async def test_where_nobody_serves_the_demo_says_what_to_start(service: Running, tmp_path: Path) -> None:
    """No credentials, or nobody at their address: status 3 and the command that starts the service."""
    strangers = await played(tmp_path, cwd=tmp_path)
    given = credentials.read(service.data_dir / "dev-credentials.json")
    _credentials(tmp_path, replace(given, base_url="http://127.0.0.1:1"))
    deserted = await played(tmp_path, cwd=tmp_path)
    assert (strangers.status, deserted.status) == (3, 3)
    for ran in (strangers, deserted):
        assert "make run" in ran.complained
        assert "Traceback" not in ran.complained


async def test_wrong_credentials_are_told_in_a_sentence(service: Running, tmp_path: Path) -> None:
    """Credentials of another service end the demo with status 1, and are not shown."""
    given = credentials.read(service.data_dir / "dev-credentials.json")
    wrong = given.secret_key[:-4] + "AAAA"
    _credentials(tmp_path, replace(given, secret_key=wrong))
    ran = await played(tmp_path, cwd=tmp_path)
    assert ran.status == 1
    assert "PLACET_DATA_DIR" in ran.complained
    assert wrong not in ran.said + ran.complained


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("customer,when\n1,19970101\n", "first line"),
        ("customer_id,date,quantity,amount_usd\n1,yesterday,1,1.00\n", "line 2"),
        ("customer_id,date,quantity,amount_usd\n", "no purchase"),
        ("\xff", "cannot be read"),
    ],
)
async def test_a_file_that_is_no_log_is_refused_before_anything_is_sent(
    service: Running, tmp_path: Path, content: str, place: str
) -> None:
    """A file of another form is a mistake of usage, and its place is told."""
    log = tmp_path / "log.csv"
    log.write_text(content, encoding="latin-1")
    ran = await played(service.data_dir, "--data", str(log))
    assert ran.status == 2
    assert place in ran.complained
    assert await service.count("subjects") == 0


async def test_a_service_that_is_busy_is_asked_again() -> None:
    """503 with `Retry-After` is waited for and asked again, and counted as a repetition."""
    tally = Tally()
    async with _answering([503, 429, 200], tally) as caller:
        assert (await caller.post("/v1/anything", {}, dict)) == {}
        assert (tally.requests, tally.repeated) == (3, 2)


async def test_a_service_that_stays_busy_is_given_up() -> None:
    """After eight times the demo ends with status 3."""
    tally = Tally()
    async with _answering([503] * 20, tally) as caller:
        with pytest.raises(Stop) as stop:
            await caller.get("/v1/anything", dict)
        assert stop.value.exit_code == 3
        assert tally.requests == 8


@asynccontextmanager
async def _answering(statuses: list[int], tally: Tally) -> AsyncIterator[Caller]:
    """A caller of a server that gives these answers, one after the other, and asks for no pause between them."""
    waiting = iter(statuses)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if match := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
            await reader.readexactly(int(match[1]))
        writer.write(
            b"HTTP/1.1 %d x\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}" % next(waiting)
        )
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield Caller([client], tally)


def _credentials(data_dir: Path, given: Credentials) -> None:
    (data_dir / "dev-credentials.json").write_bytes(msgspec.json.encode(given))
