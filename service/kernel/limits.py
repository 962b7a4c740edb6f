"""How often one caller may ask: token buckets in the memory of this process, looked at before the database is (S6).

A caller is a credential at an address, so that nobody elsewhere can use up what belongs to it. Only a good credential
gets a bucket of its own: whoever is not known yet, or sends a wrong one, draws from the bucket of their address.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from service.kernel.problem import TooManyRequests

BURST_SECONDS = 10
"""A bucket holds what is added to it in this time: a page that loads asks several times at once."""
MOST_BUCKETS = 10_000
"""Beyond these the one that was longest unused is forgotten, which is to say full again."""

Clock = Callable[[], float]


class Caller(NamedTuple):
    """A credential as it was sent, good or not, and the address that it came from."""

    browser: bool
    credential_hash: bytes
    address: str


class _Bucket(NamedTuple):
    tokens: float
    seen_at: float


class Buckets:
    """Buckets of one size by name, each filled by `per_second` tokens; 0 means that nothing is counted."""

    def __init__(self, per_second: int, *, most: int = MOST_BUCKETS, clock: Clock = time.monotonic) -> None:
        self._per_second = per_second
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def __contains__(self, name: Hashable) -> bool:
        return name in self._buckets

    def add(self, name: Hashable) -> None:
        """Make a full bucket, unless there is one."""
        if name in self._buckets:
            return
        self._buckets[name] = _Bucket(float(self._per_second * BURST_SECONDS), self._clock())
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)

    def remove(self, name: Hashable) -> None:
        """Forget a bucket, if there is one."""
        self._buckets.pop(name, None)

    def take(self, name: Hashable) -> None:
        """Take a token; raises `TooManyRequests` with the time until there is one."""
        if not self._per_second:
            return
        self.add(name)
        bucket, now = self._buckets[name], self._clock()
        self._buckets.move_to_end(name)
        added = (now - bucket.seen_at) * self._per_second
        tokens = min(bucket.tokens + added, float(self._per_second * BURST_SECONDS))
        self._buckets[name] = _Bucket(tokens - 1 if tokens >= 1 else tokens, now)
        if tokens < 1:
            raise TooManyRequests(
                "Send fewer requests per second; docs/settings.md says how many are taken.",
                retry_after_seconds=math.ceil((1 - tokens) / self._per_second),
            )


class Limits:
    """The buckets of servers and officers, of browsers, and of addresses from which no good credential came yet."""

    def __init__(self, *, per_second: int, browser_per_second: int, clock: Clock = time.monotonic) -> None:
        self._servers = Buckets(per_second, clock=clock)
        self._browsers = Buckets(browser_per_second, clock=clock)
        self._strangers = Buckets(browser_per_second, clock=clock)

    def charge(self, caller: Caller) -> None:
        """Count a request before its credential is looked up; raises `TooManyRequests`."""
        own = self._of(caller)
        if caller in own:
            own.take(caller)
        else:
            self._strangers.take(caller.address)

    def know(self, caller: Caller) -> None:
        """The credential was good: from now on its requests from this address are counted by themselves."""
        self._of(caller).add(caller)

    def forget(self, caller: Caller) -> None:
        """The credential was not good, or is not any more."""
        self._of(caller).remove(caller)

    def _of(self, caller: Caller) -> Buckets:
        return self._browsers if caller.browser else self._servers
