"""The verbs of mail: post a letter in the caller's transaction, carry what is due, in any number of processes."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import msgspec

from service.kernel.crypto import SealBroken, Sealer
from service.kernel.database import Connection, Database
from service.kernel.log import event
from service.recipients.mail import store
from service.recipients.mail.carriers import Carrier
from service.recipients.mail.model import Letter, NotNow, Taken, Undeliverable

TABLE, COLUMN = "letters", "content"
LASTS = timedelta(days=5)
"""After which a letter that could not be delivered is given up (RFC 5321, 4.5.4.1)."""
LEASE = timedelta(minutes=2)
"""Longer than a mail server can take: a letter is carried twice only where its carrier died."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=30)
AT_ONCE = 4

Seal = Callable[[str, str, UUID, bytes], bytes]


async def post(connection: Connection, seal: Seal, letters: Sequence[Letter], lasts: timedelta = LASTS) -> None:
    """Post letters in the caller's transaction: they are sent exactly if what they tell of happened."""
    sealed = [seal(TABLE, COLUMN, letter.request_id, msgspec.json.encode(letter)) for letter in letters]
    await store.post(connection, letters, sealed, lasts)


class Post:
    """Carries letters, and forgets each with its address once it is delivered."""

    def __init__(self, database: Database, sealer: Sealer, carrier: Carrier) -> None:
        self._database = database
        self._sealer = sealer
        self._carrier = carrier

    async def run(self) -> int:
        """Carry every letter that is due; returns how many were delivered."""
        delivered = 0
        while taken := await self._database.run("mail.take", partial(store.take, most=AT_ONCE, lease=LEASE)):
            delivered += sum(await asyncio.gather(*map(self._deliver, taken)))
        return delivered

    async def _deliver(self, taken: Taken) -> bool:
        """Carry one letter; one that failed waits longer each time, and in the end is given up."""
        try:
            await asyncio.to_thread(self._carrier.carry, self._opened(taken), taken.letter_id)
        except NotNow as reason:
            _tell("mail.postponed", taken, reason)
            again = partial(
                store.postpone, request_id=taken.request_id, letter_id=taken.letter_id, pause=_pause(taken.attempts)
            )
            await self._database.run("mail.postpone", again)
            return False
        except Undeliverable as reason:
            _tell("mail.given_up", taken, reason)
            delivered = False
        else:
            delivered = True
        await self._database.run(
            "mail.forget", partial(store.delete, request_id=taken.request_id, letter_id=taken.letter_id)
        )
        return delivered

    def _opened(self, taken: Taken) -> Letter:
        if taken.late:
            raise Undeliverable("it could not be delivered in time")
        try:
            plain = self._sealer.open(taken.content, TABLE.encode(), COLUMN.encode(), taken.request_id.bytes)
        except SealBroken as error:
            raise Undeliverable("it was changed, or sealed under a key that is gone") from error
        return msgspec.json.decode(plain, type=Letter)


def _pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts, spread so that not all come back at once."""
    doubled = SHORTEST_PAUSE * 2 ** min(attempts - 1, 16)
    return min(doubled, LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311 - no secret


def _tell(name: str, taken: Taken, reason: Exception) -> None:
    event(name, level=logging.WARNING, operation=taken.kind, count=taken.attempts, reason=str(reason))
