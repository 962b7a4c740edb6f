"""The file of the journal: one line of JSON an erasure, on the disk before anything is erased.

1. A line is there whole or not at all: what a crash or a full disk cut off is taken away by the next who writes.
2. Any number of processes write, one at a time, each at the end.
3. A line that was whole and no longer can be read is damage, and never passed over.
"""

import asyncio
import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from service.rights.journal.model import Journaled, JournalRefused, Line
from service.subjects import private

END = b"\n"
_decoder = msgspec.json.Decoder(Line)


class Journal:
    """Erasures that were begun, for as long as a backup may bring the erased back."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Journaled:
        """Every line; none where there is no file. Raises `JournalRefused` for one that is damaged."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise JournalRefused(f"{self.path} cannot be read ({error.strerror}); make that possible") from error
        *whole, last = content.split(END)
        return Journaled([self._line(number, text) for number, text in enumerate(whole, 1)], torn=bool(last))

    def _line(self, number: int, text: bytes) -> Line:
        try:
            return _decoder.decode(text)
        except ValueError as error:
            reason = f"line {number} of {self.path} cannot be read; restore the file from its copy"
            raise JournalRefused(reason) from error

    async def append(self, line: Line) -> None:
        """Add a line; it is on the disk when this returns. Raises `JournalRefused`, and then nothing was added."""
        await asyncio.to_thread(self._append, line)

    def _append(self, line: Line) -> None:
        with self._alone(), _opened(self.path, os.O_RDWR | os.O_APPEND) as file:
            end = _end_of_last(file)
            os.ftruncate(file, end)
            try:
                _write(file, msgspec.json.encode(line) + END)
            except OSError:
                os.ftruncate(file, end)
                raise
            if not end:
                private.sync_folder(self.path)

    async def compact(self, before: datetime) -> int:
        """Forget the erasures from before a time, of which no backup holds anything; returns how many."""
        return await asyncio.to_thread(self._compact, before)

    def _compact(self, before: datetime) -> int:
        if not self.path.exists():
            return 0
        with self._alone():
            lines = self.read().lines
            kept = [line for line in lines if line.erased_at >= before]
            if len(kept) < len(lines):
                self._replace(b"".join(msgspec.json.encode(line) + END for line in kept))
            return len(lines) - len(kept)

    def _replace(self, content: bytes) -> None:
        part = self.path.with_name(f"{self.path.name}.part")
        with _opened(part, os.O_WRONLY | os.O_TRUNC) as file:
            _write(file, content)
        private.move(part, self.path)

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Nobody else writes until the end; raises `JournalRefused` where the disk does not let us."""
        lock = self.path.with_name(f"{self.path.name}.lock")
        try:
            held = os.open(lock, os.O_RDWR | os.O_CREAT, private.PRIVATE)
            try:
                fcntl.flock(held, fcntl.LOCK_EX)
                yield
            finally:
                os.close(held)
        except OSError as error:
            reason = (
                f"{self.path} cannot be written ({error.strerror}); make that possible, or name another file in "
                "PLACET_JOURNAL_FILE"
            )
            raise JournalRefused(reason) from error


@contextmanager
def _opened(path: Path, how: int) -> Generator[int]:
    file = os.open(path, how | os.O_CREAT, private.PRIVATE)
    try:
        yield file
    finally:
        os.close(file)


def _end_of_last(file: int) -> int:
    """Where the last whole line ends."""
    size = os.fstat(file).st_size
    while size and os.pread(file, 1, size - 1) != END:
        size -= 1
    return size


def _write(file: int, content: bytes) -> None:
    """Write all of it, to the disk."""
    while content:
        content = content[os.write(file, content) :]
    os.fsync(file)
