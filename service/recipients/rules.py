"""The verdicts on delivery: which address may be connected to, when to try again. Pure functions."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""How long is waited after each attempt in vain; after the last one the message is given up: about three days."""
JITTER = 0.2
"""By which part a pause is longer or shorter, so that what failed together is not tried together."""

Address = IPv4Address | IPv6Address

INSIDE = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("127.0.0.0/8"),
    IPv6Network("fc00::/7"),
    IPv6Network("::1/128"),
)
"""Where a controller's own machines are; only a recipient that is declared `private` is looked for there."""
NEVER = tuple(map(ip_network, ("168.63.129.16", "100.100.100.200", "fd00:ec2::254", "192.0.0.0/24")))
"""Where clouds hand out credentials to whoever asks from inside, and protocols have addresses of their own."""
ASSIGNED = IPv6Network("2000::/3")
"""The part of IPv6 in which addresses are given to anybody."""
TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as an IPv6-only network writes them (RFC 6052)."""


def may_reach(address: str, *, private: bool) -> bool:
    """Whether a message may be sent to an address; what an IPv6 address has within it is judged in its place."""
    ip = _meant(ip_address(address))
    if any(ip in network for network in NEVER):
        return False
    if any(ip in network for network in INSIDE):
        return private
    return ip.is_global and not ip.is_multicast and (ip.version == 4 or ip in ASSIGNED)  # noqa: PLR2004 - of IP


def _meant(ip: Address) -> Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip in TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def pause(attempts: int, chance: float) -> timedelta | None:
    """How long to wait after as many attempts in vain before this one; None to give up. `chance` is from 0 to 1."""
    return PAUSES[attempts] * (1 + JITTER * (2 * chance - 1)) if attempts < len(PAUSES) else None
