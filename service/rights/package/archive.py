"""The zip file: `data.json` with its schema for programs, `index.html` for people, and a manifest of digests."""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from io import RawIOBase
from itertools import groupby
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec

from service.rights.package import FILES
from service.rights.package.page import page
from service.rights.package.preface import Cover, Preface
from service.rights.package.schema import schema
from service.rights.package.spool import Kept, Spool

PIECE_BYTES = 64 * 1024
MANIFEST = "placet-manifest-1"


class _Outlet(RawIOBase):
    """Where the zip file is written to, and taken from piece by piece."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        """It is, and nothing else: no place in it can be gone back to."""
        return True

    def write(self, piece: Any, /) -> int:
        """Hold a piece until it is taken."""
        self._held += piece
        return len(piece)

    def taken(self, least: int = 1) -> Iterator[bytes]:
        """What is held, once it is so much."""
        if len(self._held) >= least:
            yield bytes(self._held)
            self._held.clear()


def pieces(cover: Cover, spool: Spool) -> Iterator[bytes]:
    """The package, piece by piece: nothing of it is put down anywhere on its way to whoever asked for it.

    The last piece is the manifest and the directory of the zip file, without which no program opens it.
    """
    outlet = _Outlet()
    with ZipFile(outlet, "w", ZIP_DEFLATED) as archive:
        written: list[dict[str, Any]] = []
        for name, content in _files(cover, spool):
            line = yield from _add(archive, outlet, cover, name, content)
            written.append(line)
        yield from outlet.taken()
        manifest = {"format": MANIFEST, "request_id": cover.request_id, "files": written}
        yield from _add(archive, outlet, cover, "manifest.json", [_readable(manifest)])
    yield from outlet.taken()


def _files(cover: Cover, spool: Spool) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Each file with its content. What people take along is for programs."""
    yield "data.json", data(cover, spool)
    yield "schema.json", [_readable(schema(cover))]
    if isinstance(cover, Preface):
        yield "index.html", page(cover, spool)
        yield "style.css", [FILES.joinpath("style.css").read_bytes()]


def _readable(document: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document))


def _add(
    archive: ZipFile, outlet: _Outlet, cover: Cover, name: str, content: Iterable[bytes]
) -> Generator[bytes, None, dict[str, Any]]:
    """Write one file; returns its line of the manifest."""
    made = cover.created_at
    info = ZipInfo(name, (made.year, made.month, made.day, made.hour, made.minute, made.second))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    sha256, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=True) as file:
        for piece in _joined(content):
            file.write(piece)
            sha256.update(piece)
            size += len(piece)
            yield from outlet.taken(PIECE_BYTES)
    return {"name": name, "sha256": sha256.hexdigest(), "bytes": size}


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same in larger pieces, each of which is compressed and hashed by itself."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= PIECE_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def data(cover: Cover, spool: Spool) -> Iterator[bytes]:
    """`data.json`, piece by piece: the preface, then each subject with its rows by table."""
    encode = msgspec.json.Encoder().encode
    yield encode(cover)[:-1] + b',"subjects":['
    separator = b""
    for subject_id, tables in _by_subject(spool):
        if subject_id is not None:
            yield separator + b'{"subject_id":' + encode(subject_id) + b',"tables":'
            yield from tables
            yield b"}"
            separator = b","
    yield b'],"unmatched":'
    unmatched = False
    for subject_id, tables in _by_subject(spool):
        if subject_id is None:
            unmatched = True
            yield from tables
    yield b"}" if unmatched else b"{}}"


def _by_subject(spool: Spool) -> Iterator[tuple[str | None, Iterator[bytes]]]:
    for subject_id, kept in groupby(spool, key=lambda k: k.subject_id):
        yield subject_id, _tables(kept)


def _tables(kept: Iterator[Kept]) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    before = b"{"
    for table, rows in groupby(kept, key=lambda k: k.table):
        yield before + encode(table) + b":"
        opening = b"["
        for one in rows:
            yield opening
            yield one.row
            opening = b","
        yield b"]"
        before = b","
    yield b"}"
