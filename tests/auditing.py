"""The commands `placet ledger …` as programs, with the keys and the database of a service."""

import asyncio
import os
import sys

from tests.integration.cli.playing import ROOT, Ended, ended
from tests.running import Running


async def ledger(service: Running, *arguments: str, **environment: str) -> Ended:
    """A command, run to its end."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    given = {
        "PLACET_DATABASE_URL": service.database_url,
        "PLACET_DATA_DIR": str(service.data_dir),
        "PLACET_ROOT_KEY_FILE": str(service.data_dir / "root.key"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", "ledger", *arguments),
        cwd=ROOT,
        env=own | given | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)
