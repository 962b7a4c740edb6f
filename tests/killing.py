"""A process that goes on with an erasure and is killed at a point: `python -m tests.killing POINT REQUEST_ID`.

A point is a step, `before` or `after` its transaction, or `between` the deletion of keys and the word that it was done.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from service.kernel import datamap
from service.kernel.clock import Moment, system_now
from service.kernel.database import Database
from service.policy.commands import ActivePolicy
from service.policy.load import load
from service.rights.erasure.composing import erasures_of
from service.settings import from_environment
from service.subjects.commands import Subjects
from service.subjects.keyring import load_key_file
from service.subjects.keys.commands import SubjectKeys

Doing = Callable[[UUID, Moment], Awaitable[bool]]
POINTS = [f"{when} {number}" for number in range(5) for when in ("before", "after")]
"""The five transactions of the eight steps."""


def die() -> None:
    """End as a machine without power does."""
    os.kill(os.getpid(), signal.SIGKILL)


async def main(point: str, request_id: str) -> None:
    """Do the steps of an erasure, up to the point."""
    settings = from_environment(os.environ)
    database, vault = (Database(os.environ[name]) for name in ("PLACET_DATABASE_URL", "PLACET_KEYRING_URL"))
    keyring, policy = load_key_file(settings), ActivePolicy(load(Path(settings.policies_dir)))
    subjects = Subjects(keyring, policy, SubjectKeys(vault, keyring))
    erasures = erasures_of(settings, database, database, policy, subjects, await datamap.read(database), keyring)
    when, _, number = point.partition(" ")

    def killed(step: Doing) -> Doing:
        async def doing(request: UUID, moment: Moment) -> bool:
            if when == "before":
                die()
            done = await step(request, moment)
            die()
            return done

        return doing

    erasures.steps[int(number)] = killed(erasures.steps[int(number)])
    await erasures.go_on(UUID(request_id), Moment(now=system_now()))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
