"""The command `placet consents import` as a program, and the files that it is given."""

import asyncio
import csv
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from tests.integration.cli.playing import ROOT, Ended, ended
from tests.running import NOTICE, Running

COLLECTED = "2026-01-15T09:30:00+01:00"


def line(customer: str, /, **more: Any) -> dict[str, Any]:
    """One line of a file: what the body of a request would be."""
    return {
        "subject": {"kind": "customer_id", "value": customer},
        "site": "shop",
        "notice": NOTICE,
        "method": "import",
        "collected_at": COLLECTED,
        "decisions": {"analytics": "given"},
    } | more


def json_lines(path: Path, lines: Iterable[Any]) -> Path:
    """A file of these lines."""
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in lines))
    return path


def row(value: str, **more: str) -> dict[str, str]:
    """One row of a file, by column."""
    return {
        "subject.kind": "customer_id",
        "subject.value": value,
        "site": "shop",
        "notice.id": "shop",
        "notice.version": "1.0",
        "notice.language": "it",
        "method": "import",
        "collected_at": COLLECTED,
        "decisions.analytics": "given",
        "decisions.personalization": "",
    } | more


def table(rows: Iterable[dict[str, str]], delimiter: str = ",") -> str:
    """A table of these rows as CSV."""
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


async def started(service: Running, path: Path, *options: str, **environment: str) -> asyncio.subprocess.Process:
    """The command, with the keys and the database of the service."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", "consents", "import", str(path), *options),
        cwd=ROOT,
        env=own | service.settings() | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def imported(service: Running, path: Path, *options: str, **environment: str) -> Ended:
    """The command, run to its end."""
    return await ended(await started(service, path, *options, **environment))


def counts(ran: Ended) -> tuple[str, int, int, int, int]:
    """What the command says for programs: the outcome, and how many lines became what."""
    told = ran.document
    return told["outcome"], told["lines"], told["recorded"], told["already"], told["refused"]
