"""Moving in: a file of consents is recorded whole, once, whatever happens on the way; and a bad line harms no other."""

import asyncio
import hashlib
import json
import signal
from pathlib import Path

import asyncpg
import pytest

from tests.importing import counts, imported, json_lines, line, row, started, table
from tests.integration.cli.playing import ended, until
from tests.line import line as line_to
from tests.running import Running, customer, succeeded

MANY = 3000
OLD_TEXT = "Wir senden Ihnen\nAngebote, wenn Sie zustimmen.\n"


async def entries(service: Running, who: str) -> list[dict[str, object]]:
    """What the ledger has of a customer."""
    answer = await service.post("/v1/consents/history", {"subject": customer(who)})
    return succeeded(answer)["entries"]


async def once_each(service: Running, lines: int) -> bool:
    """Whether the ledger has one entry for each line."""
    rows = await service.database.fetch(
        "SELECT count(*) AS n, count(DISTINCT (subject_id, payload->>'purpose')) AS different FROM ledger_entries"
    )
    return (rows[0]["n"], rows[0]["different"]) == (lines, lines)


@pytest.mark.parametrize(
    ("delimiter", "ends", "begins"),
    [(",", "\r\n", ""), (";", "\n", "\ufeff"), ("\t", "\n", "")],
    ids=["RFC 4180", "a spreadsheet of Italy", "tabs"],
)
async def test_a_table_is_recorded(service: Running, tmp_path: Path, delimiter: str, ends: str, begins: str) -> None:
    """A column is a path into the body, an empty cell says nothing, and the date and the evidence are as given."""
    rows = [
        row("ada", **{"evidence.document": 'form 7, "blue"', "decisions.personalization": "refused"}),
        row("bob", **{"evidence.document": "", "collected_at": "2025-12-01T00:00:00Z"}),
    ]
    path = tmp_path / "consents.csv"
    path.write_bytes((begins + table(rows, delimiter).replace("\r\n", ends) + ends).encode())
    ran = await imported(service, path, "--json")
    assert (ran.status, counts(ran)) == (0, ("recorded", 2, 2, 0, 0)), ran.complained
    analytics, personalization = await entries(service, "ada")
    assert (analytics["status"], personalization["status"]) == ("given", "refused")
    assert (analytics["method"], analytics["effective_at"]) == ("import", "2026-01-15T08:30:00Z")
    (of_bob,) = await entries(service, "bob")
    assert (of_bob["purpose"], of_bob["effective_at"]) == ("analytics", "2025-12-01T00:00:00Z")
    assert await service.database.fetchval("SELECT count(evidence) FROM ledger_entries") == 2


async def test_lines_of_json_are_bodies(service: Running, tmp_path: Path) -> None:
    """A line is what a request would send: also a minor with a guardian, and a text of elsewhere."""
    guardian = {"identifier": customer("her father"), "verified_by": "identity card"}
    path = json_lines(
        tmp_path / "consents.jsonl",
        [
            line("mia", minor=True, guardian=guardian),
            line("old", notice={"id": "shop", "version": "0.0", "language": "de"}, notice_text=OLD_TEXT),
        ],
    )
    ran = await imported(service, path, "--json")
    assert (ran.status, counts(ran)) == (0, ("recorded", 2, 2, 0, 0)), ran.complained
    assert (await service.check(customer("mia"), "analytics", now="2026-02-01T00:00:00Z"))["allowed"]
    assert (await service.check(customer("old"), "analytics", now="2026-02-01T00:00:00Z"))["reason"] == "invalidated"
    sha256 = hashlib.sha256(OLD_TEXT.encode()).hexdigest()
    assert succeeded(await service.get(f"/v1/notices/shop?sha256={sha256}"))["notice"]["text"] == OLD_TEXT


async def test_a_dry_run_writes_nothing(service: Running, tmp_path: Path) -> None:
    """Every line is checked, a text of elsewhere too, and the database is as it was."""
    texts = {"notice": {"id": "shop", "version": "0.0", "language": "de"}, "notice_text": OLD_TEXT}
    path = json_lines(tmp_path / "consents.jsonl", [line("ada"), line("old", **texts)])
    before = await service.contents()
    ran = await imported(service, path, "--dry-run")
    assert (ran.status, ran.said) == (0, "2 lines: 2 can be recorded, 0 refused\n")
    json_lines(path, [line("ada"), line("bob", site="elsewhere")])
    ran = await imported(service, path, "--dry-run", "--json")
    assert (ran.status, counts(ran)) == (1, ("checked", 2, 0, 0, 1))
    assert await service.contents() == before


async def test_a_bad_line_stops_the_file_unless_it_may_be_skipped(service: Running, tmp_path: Path) -> None:
    """Nothing is half recorded: with one bad line nothing is, or on request all others are; the report says which."""
    path = json_lines(tmp_path / "consents.jsonl", [line("ada"), line("planted-marker", method="form"), line("bob")])
    report = tmp_path / "refused.jsonl"
    ran = await imported(service, path, "--json", "--report", str(report))
    assert (ran.status, counts(ran)) == (1, ("refused", 3, 0, 0, 1))
    assert await service.count("ledger_entries") == await service.count("subjects") == 0
    report.unlink()
    ran = await imported(service, path, "--json", "--skip-refused", "--report", str(report))
    assert (ran.status, counts(ran)) == (1, ("recorded", 3, 2, 0, 1))
    assert await service.count("ledger_entries") == 2
    (refused,) = map(json.loads, report.read_text().splitlines())
    assert (refused["line"], refused["path"]) == (2, "$.method")
    assert "planted-marker" not in ran.said + ran.complained + report.read_text()


async def test_the_same_file_again_records_nothing(service: Running, tmp_path: Path) -> None:
    """The ledger is the memory: a second run finds every line on record, also one that stands in the file twice."""
    path = json_lines(tmp_path / "consents.jsonl", [line("ada"), line("bob"), line("ada")])
    assert counts(await imported(service, path, "--json")) == ("recorded", 3, 2, 1, 0)
    json_lines(path, [line("ada"), line("bob"), line("cy")])
    assert counts(await imported(service, path, "--json")) == ("recorded", 3, 1, 2, 0)
    assert await once_each(service, 3)


async def test_the_same_file_in_parallel_is_recorded_once(service: Running, tmp_path: Path) -> None:
    """Three runs at once share the lines: each line is recorded by one of them, and found by the others."""
    path = json_lines(tmp_path / "consents.jsonl", (line(str(number)) for number in range(MANY)))
    runs = await asyncio.gather(*(imported(service, path, "--json") for _ in range(3)))
    assert [ran.status for ran in runs] == [0, 0, 0], [ran.complained for ran in runs]
    assert sum(ran.document["recorded"] for ran in runs) == MANY
    assert sum(ran.document["already"] for ran in runs) == 2 * MANY
    assert await once_each(service, MANY)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
async def test_an_import_that_was_stopped_goes_on(service: Running, tmp_path: Path, how: signal.Signals) -> None:
    """Stopped in the middle and started again, it has recorded each line once."""
    path = tmp_path / "consents.csv"
    path.write_text(table(row(str(number), **{"decisions.personalization": "given"}) for number in range(MANY)))
    process = await started(service, path, "--json")

    async def begun() -> bool:
        return await service.count("ledger_entries") > 0

    await until(begun)
    process.send_signal(how)
    stopped = await ended(process)
    assert 0 < await service.count("ledger_entries") < 2 * MANY
    if how is signal.SIGINT:
        assert (stopped.status, stopped.document["outcome"]) == (1, "stopped")
        assert "Run it again" in stopped.complained
        assert "Traceback" not in stopped.complained
    ran = await imported(service, path, "--json")
    assert (ran.status, ran.document["lines"], ran.document["refused"]) == (0, MANY, 0)
    assert ran.document["already"] > 0
    assert await once_each(service, 2 * MANY)


async def test_a_database_that_goes_away_stops_the_import(service: Running, tmp_path: Path) -> None:
    """What is on record is counted, the status says that something cannot be reached, and another run goes on."""
    path = json_lines(tmp_path / "consents.jsonl", (line(str(number)) for number in range(MANY)))
    async with line_to(service.database_url) as database:
        process = await started(service, path, "--json", PLACET_DATABASE_URL=database.url)

        async def begun() -> bool:
            return await service.count("ledger_entries") > 0

        await until(begun)
        await database.cut()
        stopped = await ended(process)
    assert (stopped.status, stopped.document["outcome"]) == (3, "stopped")
    assert "Run it again" in stopped.complained
    assert "Traceback" not in stopped.complained
    assert 0 < stopped.document["recorded"] <= await service.count("ledger_entries") < MANY
    assert (await imported(service, path)).status == 0
    assert await once_each(service, MANY)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("consents.xlsx", "PK", "neither with .csv nor with .jsonl"),
        ("consents.csv", "", "no column subject.kind"),
        ("consents.csv", "customer_id,ada@example.com\n", "no column subject.kind"),
        ("consents.csv", table([row("ada", newsletter="yes")]), "no such column: 'newsletter'"),
        ("consents.csv", table([row("ada", **{"decisions.": "given"})]), "no such column: 'decisions.'"),
        ("consents.csv", table([row("ada")]).replace("method", "site", 1), "no column method"),
        ("consents.csv", table([row("ada")]).replace("decisions.personalization", "site"), "a column twice: site"),
        ("consents.csv", table([row("ada")]).encode("utf-16").decode("latin-1"), "not UTF-8"),
        ("consents.csv", table([row("ada")]).splitlines()[0], "holds nothing to import"),
        ("consents.jsonl", "\n\n", "holds nothing to import"),
    ],
)
async def test_a_file_of_another_form_is_a_mistake_of_usage(
    service: Running, tmp_path: Path, name: str, content: str, told: str
) -> None:
    """Wrong columns are told by name, but what may be a person's line is not repeated; status 2."""
    path = tmp_path / name
    path.write_text(content, encoding="latin-1")
    ran = await imported(service, path)
    assert (ran.status, ran.said) == (2, "")
    assert told in ran.complained
    assert "ada" not in ran.complained
    assert await service.count("subjects") == 0


async def test_a_report_does_not_overwrite_the_file(service: Running, tmp_path: Path) -> None:
    """The report of a file cannot be the file."""
    path = json_lines(tmp_path / "consents.jsonl", [line("ada")])
    ran = await imported(service, path, "--report", str(path))
    assert (ran.status, path.stat().st_size > 0) == (2, True)


async def test_what_cannot_be_reached_or_used_is_told_in_a_sentence(service: Running, tmp_path: Path) -> None:
    """No database, one without a schema or without a bundle, no keys: a sentence, and the status that API.md gives."""
    path = json_lines(tmp_path / "consents.jsonl", [line("ada")])
    gone = await imported(service, path, PLACET_DATABASE_URL="postgresql://127.0.0.1:1/none")
    bare = await imported(service, path, PLACET_DATABASE_URL=service.database_url.rpartition("/")[0] + "/postgres")
    keyless = await imported(service, path, PLACET_DATA_DIR=str(tmp_path / "nowhere"))
    connection = await asyncpg.connect(service.database_url)
    await connection.execute("DELETE FROM activations")
    await connection.close()
    inactive = await imported(service, path)
    assert [ran.status for ran in (gone, bare, keyless, inactive)] == [3, 3, 1, 1]
    for ran, told in ((gone, "reached"), (bare, "placet migrate"), (keyless, "keys init"), (inactive, "bundle")):
        assert told in ran.complained
        assert "Traceback" not in ran.complained
