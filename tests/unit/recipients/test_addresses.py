"""Where a message may be sent, and when it is tried again."""

from datetime import timedelta

import pytest

from service.recipients.rules import JITTER, PAUSES, may_reach, pause


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "fc00::1",
        "fd12:3456::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::10.0.0.1",
    ],
)
def test_what_is_inside_is_reached_only_where_that_is_declared(address: str) -> None:
    """Private, shared and loopback addresses, however they are written, are those of the controller's own network."""
    assert not may_reach(address, private=False)
    assert may_reach(address, private=True)


@pytest.mark.rule("S3")
@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - what must be refused
        "0.1.2.3",
        "169.254.169.254",
        "169.254.1.1",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.2.3",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::127.0.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "fd00:ec2::254",
        "2001:db8::1",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::",
    ],
)
def test_some_addresses_are_never_reached(address: str, private: bool) -> None:
    """Link-local and metadata addresses, multicast, and what is no address of anybody, declared private or not."""
    assert not may_reach(address, private=private)


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::8.8.8.8"])
def test_public_addresses_are_reached(address: str, private: bool) -> None:
    """A recipient that is declared private may be moved to the internet."""
    assert may_reach(address, private=private)


def test_pauses_grow_and_end() -> None:
    """They vary by a fifth, and last about three days together."""
    for attempts, usual in enumerate(PAUSES):
        assert pause(attempts, 0.5) == usual
        assert pause(attempts, 0) == usual * (1 - JITTER)
        assert pause(attempts, 1) == usual * (1 + JITTER)
    assert pause(len(PAUSES), 0.5) is None
    assert timedelta(days=3) < sum(PAUSES, timedelta()) < timedelta(days=4)
    assert list(PAUSES) == sorted(PAUSES)
