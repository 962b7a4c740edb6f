"""The zip file: `data.json` for programs, `index.html` for people, and a manifest of digests."""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec

from service.rights.package import FILES
from service.rights.package.gather import IN_MEMORY_BYTES, Spool
from service.rights.package.page import page
from service.rights.package.preface import Preface

MANIFEST = "placet-manifest-1"


def write(preface: Preface, spool: Spool) -> IO[bytes]:
    """The package, ready to be read from its beginning; whoever reads it closes it."""
    target = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        written = [
            _add(archive, preface, "data.json", data(preface, spool)),
            _add(archive, preface, "index.html", page(preface, spool)),
            _add(archive, preface, "style.css", iter([FILES.joinpath("style.css").read_bytes()])),
        ]
        manifest = {"format": MANIFEST, "request_id": preface.request_id, "files": written}
        _add(archive, preface, "manifest.json", iter([msgspec.json.format(msgspec.json.encode(manifest))]))
    target.seek(0)
    return target


def _add(archive: ZipFile, preface: Preface, name: str, content: Iterator[bytes]) -> dict[str, Any]:
    """Write one file, piece by piece; returns its line of the manifest."""
    made = preface.created_at
    info = ZipInfo(name, (made.year, made.month, made.day, made.hour, made.minute, made.second))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    sha256, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=True) as file:
        for piece in content:
            file.write(piece)
            sha256.update(piece)
            size += len(piece)
    return {"name": name, "sha256": sha256.hexdigest(), "bytes": size}


def data(preface: Preface, spool: Spool) -> Iterator[bytes]:
    """`data.json`, piece by piece: the preface, then each subject with its rows by table."""
    encode = msgspec.json.Encoder().encode
    yield encode(preface)[:-1] + b',"subjects":['
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


def _tables(kept: Iterator[Any]) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    before = b"{"
    for table, rows in groupby(kept, key=lambda k: k.table):
        yield before + encode(table) + b":"
        opening = b"["
        for one in rows:
            yield opening + encode(one.row)
            opening = b","
        yield b"]"
        before = b","
    yield b"}"
