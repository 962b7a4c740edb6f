"""The commands `placet ledger …` as programs, with the keys and the database of a service."""

import asyncio
import os
import sys

from tests.integration.cli.playing import ROOT, Ended, ended
from tests.running import Running


async def ledger(service: Running, *arguments: str, **environment: str) -> Ended:
    """A command, run to its end."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", "ledger", *arguments),
        cwd=ROOT,
        env=own | service.settings() | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)
