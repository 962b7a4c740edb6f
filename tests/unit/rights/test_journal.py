"""The journal of erasures: whole lines, in order, from any number of processes."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from service.rights.journal.file import Journal
from service.rights.journal.model import JournalRefused, Line

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WRITER = """
import asyncio, sys
from pathlib import Path
from tests.unit.rights.test_journal import line
from service.rights.journal.file import Journal

async def main():
    for _ in range(20):
        await Journal(Path(sys.argv[1])).append(line())

asyncio.run(main())
"""


def line(erased_at: datetime = NOON) -> Line:
    """An erasure of somebody."""
    return Line(
        request_id=uuid4(), erased_at=erased_at, subjects=[uuid4()], lookups=[b"\x00\x01" + bytes(32)], bundle="b"
    )


def _append(journal: Journal, *lines: Line) -> None:
    for one in lines:
        asyncio.run(journal.append(one))


def test_what_is_appended_is_read_again_in_order(tmp_path: Path) -> None:
    """The journal holds what was written, oldest first, and only its owner reads it."""
    journal, lines = Journal(tmp_path / "journal"), [line(), line()]
    _append(journal, *lines)
    assert list(journal.read().lines) == lines
    assert not journal.read().torn
    assert journal.path.stat().st_mode & 0o077 == 0


def test_a_journal_that_was_never_written_is_empty(tmp_path: Path) -> None:
    """Before the first erasure there is no file."""
    assert not Journal(tmp_path / "journal").read().lines


def test_a_torn_last_line_is_told_and_taken_away_by_the_next(tmp_path: Path) -> None:
    """A line that a crash cut off was never relied on."""
    journal, first, second = Journal(tmp_path / "journal"), line(), line()
    _append(journal, first, line())
    journal.path.write_bytes(journal.path.read_bytes()[:-7])
    assert journal.read().torn
    assert list(journal.read().lines) == [first]
    _append(journal, second)
    assert list(journal.read().lines) == [first, second]
    assert not journal.read().torn


def test_a_damaged_line_is_never_passed_over(tmp_path: Path) -> None:
    """A whole line that cannot be read may be anybody's erasure."""
    journal = Journal(tmp_path / "journal")
    _append(journal, line(), line())
    journal.path.write_bytes(journal.path.read_bytes().replace(b'"request_id"', b'"request-id"', 1))
    with pytest.raises(JournalRefused, match="line 1"):
        journal.read()


def test_a_disk_that_refuses_leaves_nothing(tmp_path: Path) -> None:
    """An erasure whose line cannot be written does not begin."""
    journal = Journal(tmp_path / "nowhere" / "journal")
    with pytest.raises(JournalRefused, match="PLACET_JOURNAL_FILE"):
        _append(journal, line())


def test_several_processes_write_whole_lines(tmp_path: Path) -> None:
    """Nobody's line goes into another's."""
    path = tmp_path / "journal"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) for _ in range(3)]  # noqa: S603 - our own program
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(Journal(path).read().lines) == 60


def test_compacting_forgets_what_no_backup_holds(tmp_path: Path) -> None:
    """Once every backup from before an erasure is gone, its line is."""
    journal, old, new = Journal(tmp_path / "journal"), line(NOON - timedelta(days=31)), line()
    _append(journal, old, new)
    assert asyncio.run(journal.compact(NOON)) == 1
    assert list(journal.read().lines) == [new]


def test_a_line_tells_nothing_of_whom_in_a_log() -> None:
    """What is logged of a line is its request."""
    one = Line(request_id=UUID(int=7), erased_at=NOON, subjects=[UUID(int=8)], lookups=[b"secret"], bundle="b")
    assert repr(one) == f"Line({UUID(int=7)}, …)"
