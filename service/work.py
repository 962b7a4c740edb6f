"""The worker: what has to be done without being asked. It may run in any number of processes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from msgspec import Struct

from service.consent.changes.commands import forget_farewells
from service.consent.consequences import BEFORE_ALL, Consequences
from service.decisioning.learning.commands import Learner
from service.kernel import idempotency, sessions
from service.kernel.database import Database
from service.kernel.log import crash, event
from service.kernel.problem import Unavailable
from service.ledger.model import CheckpointRefused
from service.ledger.sequencing import Sequencer
from service.policy.commands import ActivePolicy
from service.policy.model import Recipient
from service.recipients import store as recipients
from service.recipients.delivery import Delivery
from service.recipients.mail.commands import Post
from service.rights.abandoning import abandon
from service.rights.erasure.commands import Erasures
from service.rights.retention.commands import Retention
from service.rights.verification.commands import forget_codes
from service.subjects.keys.commands import shred_due, sweep
from service.subjects.suppressions.commands import forget as forget_suppressions

PAUSE = timedelta(seconds=30)
BETWEEN_CHECKPOINTS = timedelta(seconds=1)
BETWEEN_ROUNDS = timedelta(seconds=1)
BETWEEN_LESSONS = timedelta(seconds=10)
BETWEEN_ERASURES = timedelta(seconds=10)
BETWEEN_DELETIONS = timedelta(hours=1)
BATCH = 1000


Task = Callable[[], Awaitable[object]]


class Duties(Struct, frozen=True):
    """Who does what has to be done."""

    database: Database
    keyring: Database
    policy: ActivePolicy
    consequences: Consequences
    sequencer: Sequencer
    learner: Learner
    post: Post
    delivery: Delivery
    erasures: Erasures
    retention: Retention


async def work(duties: Duties) -> None:
    """Work until cancelled; a database that is gone is waited for."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_tidy(duties))
        group.create_task(_sequence(duties.sequencer))
        group.create_task(_deliver(duties.delivery))
        for name, task, pause in (
            ("learning", duties.learner.run, BETWEEN_LESSONS),
            ("erasures", duties.erasures.go_on_all, BETWEEN_ERASURES),
            ("mail", duties.post.run, BETWEEN_ROUNDS),
            ("retention", partial(duties.retention.run, gently=True), BETWEEN_DELETIONS),
        ):
            group.create_task(_every(pause, name, task))


async def _every(pause: timedelta, name: str, task: Task) -> None:
    """Do something again and again, sooner where a database was gone."""
    while True:
        done = await _tried(name, task)
        await asyncio.sleep((pause if done else min(pause, PAUSE)).total_seconds())


async def _tried(name: str, task: Task) -> bool:
    """Do what is done again anyhow: what goes wrong is told, and ends nothing else. Whether the database was there."""
    try:
        await task()
    except Unavailable:
        event("work.unavailable")
        return False
    except Exception as error:  # noqa: BLE001 - what else has to be done must go on
        crash(f"{name}.crashed", error)
    return True


async def _sequence(sequencer: Sequencer) -> None:
    """Sequence the ledger about once a second; why nothing may be signed is told once, and again when it changes."""
    told = ""
    while True:
        try:
            await sequencer.run()
            told = ""
        except Unavailable:
            event("work.unavailable")
        except CheckpointRefused as refused:
            if told != str(refused):
                told = str(refused)
                event("ledger.refused", level=logging.ERROR, reason=told)
        except Exception as error:  # noqa: BLE001 - entries wait in the queue; what serves people must go on
            crash("ledger.crashed", error)
        await asyncio.sleep(BETWEEN_CHECKPOINTS.total_seconds())


async def _deliver(delivery: Delivery) -> None:
    """Deliver what recipients are to be told, each looked after again once its last round has ended."""
    rounds: dict[str, asyncio.Task[bool]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            for recipient in await _waited_for(delivery):
                if recipient.id not in rounds or rounds[recipient.id].done():
                    serve = partial(delivery.serve, recipient)
                    rounds[recipient.id] = group.create_task(_tried("delivery", serve))
            await asyncio.sleep(BETWEEN_ROUNDS.total_seconds())


async def _waited_for(delivery: Delivery) -> list[Recipient]:
    try:
        return await delivery.waited_for()
    except Unavailable:
        event("work.unavailable")
        return []


async def _tidy(duties: Duties) -> None:
    """What can be done without one of the databases is done."""
    database, keyring = duties.database, duties.keyring
    tasks = (
        partial(delete_ended, database, duties.consequences),
        partial(forget_answers, database),
        partial(forget_messages, database),
        partial(forget_farewells, database),
        partial(forget_codes, database),
        partial(database.run, "work.forget_sessions", sessions.forget),
        partial(shred_due, database, keyring),
        partial(sweep, database, keyring),
        partial(forget_suppressions, database),
        duties.erasures.forget_journal,
        partial(abandon, database, duties.policy),
    )
    while True:
        for task in tasks:
            await _tried("work", task)
        await asyncio.sleep(PAUSE.total_seconds())


async def delete_ended(database: Database, consequences: Consequences) -> None:
    """Finish the deletions that a no began (Art. 17(1)(b)), batch by batch, each under its subjects' locks."""
    after: UUID | None = BEFORE_ALL
    while after:
        after = await database.run("work.delete_ended", partial(consequences.delete_due, after=after))


async def forget_answers(database: Database) -> int:
    """Delete the answers of idempotent writes that are older than 24 hours; returns how many."""
    return await _forget(database, "work.forget_answers", idempotency.forget)


async def forget_messages(database: Database) -> int:
    """Delete messages to recipients on which nothing depends any longer; returns how many."""
    return await _forget(database, "work.forget_messages", recipients.forget)


async def _forget(database: Database, name: str, forget: Callable[..., Awaitable[int]]) -> int:
    """Delete batch by batch, until nothing is left of what may go."""
    forgotten = 0
    while True:
        done = await database.run(name, partial(forget, most=BATCH))
        forgotten += done
        if done < BATCH:
            return forgotten
