"""Token buckets: how much one caller may ask, what is forgotten, and when there is a token again."""

import pytest

from service.kernel.limits import BURST_SECONDS, Buckets, Caller, Limits
from service.kernel.problem import TooManyRequests

SERVER = Caller(browser=False, credential_hash=b"server", address="192.0.2.1")
PAGE = Caller(browser=True, credential_hash=b"page", address="192.0.2.1")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


def taken(buckets: Buckets, name: str) -> int:
    """How many tokens can be taken at once."""
    for number in range(1000):
        try:
            buckets.take(name)
        except TooManyRequests:
            return number
    raise AssertionError("there is no end to them")


def test_a_bucket_holds_a_burst_and_fills_again(clock: Clock) -> None:
    """Up to its size, and no further, however long nobody came."""
    buckets = Buckets(4, clock=clock)
    assert taken(buckets, "a") == 4 * BURST_SECONDS
    clock.now += 1
    assert taken(buckets, "a") == 4
    clock.now += 3600
    assert taken(buckets, "a") == 4 * BURST_SECONDS


def test_asking_too_early_costs_nothing(clock: Clock) -> None:
    """Who is sent away may ask when the time has come that was told, also after trying all the while."""
    buckets = Buckets(1, clock=clock)
    taken(buckets, "a")
    for _ in range(9):
        clock.now += 0.1
        with pytest.raises(TooManyRequests) as raised:
            buckets.take("a")
        assert raised.value.headers["Retry-After"] == "1"
    clock.now += 0.2
    buckets.take("a")


def test_buckets_do_not_know_each_other(clock: Clock) -> None:
    """An empty one leaves the others full."""
    buckets = Buckets(1, clock=clock)
    taken(buckets, "a")
    assert taken(buckets, "b") == BURST_SECONDS


def test_the_longest_unused_is_forgotten(clock: Clock) -> None:
    """So that many addresses take a bounded part of the memory."""
    buckets = Buckets(1, most=3, clock=clock)
    for name in ("a", "b", "c", "a", "d"):
        buckets.take(name)
    assert [name for name in "abcd" if name in buckets] == ["a", "c", "d"]


def test_without_a_rate_nothing_is_counted(clock: Clock) -> None:
    """And nobody is kept in mind for having asked."""
    buckets = Buckets(0, clock=clock)
    with pytest.raises(AssertionError):
        taken(buckets, "a")
    assert "a" not in buckets


def charged(limits: Limits, caller: Caller) -> int:
    """How often a caller can be charged at once."""
    for number in range(1000):
        try:
            limits.charge(caller)
        except TooManyRequests:
            return number
    return 1000


def test_strangers_share_what_their_address_has(clock: Clock) -> None:
    """Whatever they send; one whose credential was good does not depend on them, and a revoked one does again."""
    limits = Limits(per_second=2, browser_per_second=1, clock=clock)
    limits.know(SERVER)
    assert charged(limits, PAGE) == BURST_SECONDS
    assert charged(limits, PAGE._replace(credential_hash=b"other")) == 0
    assert charged(limits, PAGE._replace(address="192.0.2.2")) == BURST_SECONDS
    assert charged(limits, SERVER) == 2 * BURST_SECONDS
    limits.forget(SERVER)
    assert charged(limits, SERVER) == 0


def test_one_credential_at_two_addresses_is_two_callers(clock: Clock) -> None:
    """A publishable key is everybody's: the visitors at one address cannot use up what those at another have."""
    limits = Limits(per_second=0, browser_per_second=1, clock=clock)
    elsewhere = PAGE._replace(address="192.0.2.2")
    limits.know(PAGE)
    limits.know(elsewhere)
    assert charged(limits, PAGE) == charged(limits, elsewhere) == BURST_SECONDS


def test_known_servers_are_without_limit_where_none_is_set(clock: Clock) -> None:
    """Also while strangers at their address are sent away."""
    limits = Limits(per_second=0, browser_per_second=1, clock=clock)
    charged(limits, PAGE)
    limits.know(SERVER)
    assert charged(limits, SERVER) == 1000
