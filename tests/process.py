"""The service as an operator runs it: a process of its own beside the one of the test, on the same database."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from service.cli import credentials
from tests.running import Running, _answers, _free_port

ROOT = Path(__file__).parents[1]


@asynccontextmanager
async def process_beside(
    service: Running, policies_dir: Path, log: Path, *, works: bool = True, **more: str
) -> AsyncIterator[Running]:
    """Another process with the same keys and credentials; what it writes to its output goes to `log`.

    `works`: it is the worker too; `more` are settings of its own.
    """
    port = _free_port()
    process = await _placet(
        "serve", *(["--work"] if works else []), log=log, **_settings(service, policies_dir, port) | more
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            answers = asyncio.create_task(_answers(http))
            ended = asyncio.create_task(process.wait())
            await asyncio.wait({answers, ended}, return_when=asyncio.FIRST_COMPLETED)
            answers.cancel()
            assert process.returncode is None, _text(log)
            given = credentials.read(service.data_dir / "dev-credentials.json")
            yield Running(http, given, service.desks, service.database_url, service.data_dir, process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def worker_beside(
    service: Running, policies_dir: Path, log: Path, **more: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`placet work` as a process of its own, with the same keys."""
    process = await _placet("work", log=log, **_settings(service, policies_dir, 0) | more)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _settings(service: Running, policies_dir: Path, port: int) -> dict[str, str]:
    return {
        **service.settings(),
        "PLACET_POLICIES_DIR": str(policies_dir),
        "PLACET_PORT": str(port or _free_port()),
        "PLACET_LOG_LEVEL": "debug",
    }


async def _placet(*arguments: str, log: Path, **settings: str) -> asyncio.subprocess.Process:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")} | settings
    command = (sys.executable, "-m", "service.cli", *arguments)
    with log.open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdout=output, stderr=output, stdin=asyncio.subprocess.DEVNULL
        )


def _text(log: Path) -> str:
    return log.read_text()
