"""The command `placet demo` as a program, and what a log of purchases must lead to, worked out apart from the code."""

import asyncio
import gzip
import hashlib
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
LOG = ROOT / "../shared/data/cdnow-purchases.csv.gz"
SEED = 7


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit status and what it said."""

    status: int
    said: str
    complained: str

    @property
    def document(self) -> Any:
        """What it said for programs."""
        return json.loads(self.said)


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for a condition, for three minutes at most: other tests may have the processors."""
    async with asyncio.timeout(180):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.02)


async def started(data_dir: Path, *arguments: str, cwd: Path = ROOT) -> asyncio.subprocess.Process:
    """The command, running against the service whose credentials are in `data_dir`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "service.cli",
        "demo",
        *arguments,
        cwd=cwd,
        env=environment | {"PLACET_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> Ended:
    """The end of a started command."""
    said, complained = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, said.decode(), complained.decode())


async def played(data_dir: Path, *arguments: str, cwd: Path = ROOT) -> Ended:
    """The command, run to its end."""
    return await ended(await started(data_dir, *arguments, cwd=cwd))


@dataclass
class Expected:
    """What a log must lead to when it is replayed once on an empty service, counted from the file alone."""

    lines: int = 0
    customers: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    served: Counter[str] = field(default_factory=Counter)
    withdrawing: int = 0
    stored_again: int = 0
    """Purchases of people who were erased afterwards, which a second replay stores anew."""
    dropped_again: int = 0
    """Purchases that a second replay drops, because their customer has withdrawn since."""


def chance(customer: str, question: str) -> float:
    """The seeded draw, written from its description: the first 64 bits of a SHA-256, as a share of one."""
    digest = hashlib.sha256(f"customer-{SEED}-{customer}|{question}".encode()).hexdigest()
    return int(digest[:16], 16) / float(1 << 64)


def expected(most: int, valid_days: int) -> Expected:
    """What the first `most` customers of the log must lead to; a grant lasts `valid_days`."""
    bought: defaultdict[str, list[date]] = defaultdict(list)
    with gzip.open(LOG, "rt") as file:
        next(file)
        for line in file:
            customer, day = line.split(",")[:2]
            if customer not in bought and len(bought) == most:
                break
            bought[customer].append(datetime.strptime(day, "%Y%m%d").date())  # noqa: DTZ007 - a day of the log
    last = max(max(days) for days in bought.values())
    total = Expected(lines=sum(map(len, bought.values())), customers=len(bought))
    for customer, days in bought.items():
        _follow(total, customer, sorted(days), last, timedelta(days=valid_days))
    return total


def _follow(total: Expected, customer: str, days: list[date], last: date, valid: timedelta) -> None:
    """One customer's purchases: what the shop may keep of each."""
    refuses = chance(customer, "consent") < 0.3
    change = chance(customer, "change")
    changes_on = min(days[0] + timedelta(days=1 + int(chance(customer, "day") * 90)), last)
    withdraws = change < 0.05 and not refuses
    erased = 0.06 <= change < 0.07
    total.withdrawing += withdraws
    total.served["access"] += 0.05 <= change < 0.06
    total.served["erasure"] += erased
    valid_until = days[0] + valid
    for day in days:
        if day >= valid_until and chance(customer, "renewal") < 0.7:
            valid_until = day + valid
        outcome = "stored"
        if refuses:
            outcome = "refused"
        elif day >= valid_until:
            outcome = "expired"
        if day > changes_on:
            outcome = "withdrawn" if withdraws else "unknown" if erased else outcome
        total.outcomes[outcome] += 1
        if outcome == "stored":
            total.stored_again += erased
            total.dropped_again += withdraws
