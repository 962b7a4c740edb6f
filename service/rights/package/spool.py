"""Where rows wait until the package is made: of one moment, and sealed under a key that nobody keeps."""

from collections.abc import Iterable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import Any

import msgspec
from msgspec import Raw, Struct

from service.kernel.crypto import Sealer, random_key

IN_MEMORY_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
LENGTH_BYTES = 4


class Kept(Struct, frozen=True, array_like=True):
    """One row of a person as JSON; no subject id where it names an identifier of which no subject is known."""

    subject_id: str | None
    table: str
    row: Raw


class Spool:
    """Rows put aside in order, in memory while they are few. On the disk nobody can read them."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
        self._encoder = msgspec.json.Encoder()
        self.restart()

    def restart(self) -> None:
        """Forget what was put aside."""
        self._sealer = Sealer(random_key())
        self._held = bytearray()
        self._file.seek(0)
        self._file.truncate()

    def put(self, subject_id: str | None, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put rows aside."""
        for row in rows:
            self._held += self._encoder.encode((subject_id, table, row))
            self._held += b"\n"
            if len(self._held) >= CHUNK_BYTES:
                self._seal()

    def _seal(self) -> None:
        sealed = self._sealer.seal(bytes(self._held))
        self._file.write(len(sealed).to_bytes(LENGTH_BYTES, "big"))
        self._file.write(sealed)
        self._held.clear()

    def __iter__(self) -> Iterator[Kept]:
        """Every row, in the order in which they were put aside."""
        if self._held:
            self._seal()
        decode = msgspec.json.Decoder(Kept).decode
        self._file.seek(0)
        while length := self._file.read(LENGTH_BYTES):
            opened = self._sealer.open(self._file.read(int.from_bytes(length, "big")))
            yield from map(decode, opened.splitlines())

    def close(self) -> None:
        """Drop everything."""
        self._file.close()
