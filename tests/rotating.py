"""`placet keys` as an operator runs it, beside a running service."""

import asyncio
import os
import sys
from pathlib import Path

from tests.integration.cli.playing import ROOT, Ended, ended
from tests.running import Running


def settings_of(service: Running, data_dir: Path | None = None) -> dict[str, str]:
    """The environment of a command with the database of a service, and its keys or others."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    return own | service.settings(data_dir)


async def keys_started(service: Running, *arguments: str, data_dir: Path | None = None) -> asyncio.subprocess.Process:
    """The command, running."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", "keys", *arguments),
        cwd=ROOT,
        env=settings_of(service, data_dir),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def keys(service: Running, *arguments: str, data_dir: Path | None = None) -> Ended:
    """The command, run to its end."""
    return await ended(await keys_started(service, *arguments, data_dir=data_dir))


def copied(service: Running, to: Path) -> Path:
    """A copy of the key file and of the root key."""
    to.mkdir()
    for name in ("keys.json", "root.key"):
        (to / name).write_bytes((service.data_dir / name).read_bytes())
        (to / name).chmod(0o600)
    return to
