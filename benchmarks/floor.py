"""The floor: bare handlers that read the same requests and give the same answers, on the same server, and no database.

Run as a process of its own: `python -m benchmarks.floor PORT SAMPLES`.
"""

import asyncio
import signal
import sys
from pathlib import Path

import msgspec
import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, get, post
from litestar.params import JSONBody
from msgspec import Struct

from service.cli.serve import BACKLOG, QUIET
from service.consent.model import Checked, Question, Record, Recorded
from service.decisioning.api import DecisionQuestion
from service.decisioning.model import DecisionsMade


class Samples(Struct, frozen=True):
    """What the service answered to one request of each kind."""

    check: Checked
    record: Recorded
    decide: DecisionsMade


def create_app(samples: Samples) -> Litestar:
    """Handlers that give the samples as answers."""

    @get("/health/live")
    async def live() -> None:
        """Whether it serves."""

    @post("/v1/consents/check", status_code=200)
    async def check(data: JSONBody[Question]) -> Checked:  # noqa: ARG001 - read as the service reads it
        """The answer to a check."""
        return samples.check

    @post("/v1/consents")
    async def record(data: JSONBody[Record]) -> Recorded:  # noqa: ARG001 - read as the service reads it
        """The answer to a record."""
        return samples.record

    @post("/v1/decisions", status_code=200)
    async def decide(data: JSONBody[DecisionQuestion]) -> DecisionsMade:  # noqa: ARG001 - read as the service reads it
        """The answer to a decision."""
        return samples.decide

    return Litestar([live, check, record, decide], openapi_config=None, logging_config=None)


async def serve(app: Litestar, port: int) -> None:
    """Serve as `placet serve` does, until SIGTERM."""
    server = Server(
        app, port=port, interface=Interfaces.ASGINL, websockets=False, backlog=BACKLOG, log_dictconfig=QUIET
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()


def main(port: str, samples: str) -> None:
    """Serve the samples in a file on a port."""
    content = msgspec.json.decode(Path(samples).read_bytes(), type=Samples)
    uvloop.run(serve(create_app(content), int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
