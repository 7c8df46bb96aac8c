"""Which IP addresses are global (RFC 6890), and which stand for global ones in a local cloud."""

from __future__ import annotations

import ipaddress

# What IANA's registries of special-purpose addresses have as not globally reachable, and multicast
# (RFC 5771). Written out: what Python's `is_global` says of them differs from release to release.
_IPV4_SPECIAL = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
# All unicast addresses that IANA has given to regions (RFC 4291 section 2.4), but for protocol
# assignments, documents (RFC 3849, RFC 9637) and 6to4, which has been given up (RFC 7526).
_IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")
_IPV6_SPECIAL = tuple(
    map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
# What stands for an IPv4 address where a network has IPv6 alone (RFC 6052 section 2.1).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Reserved for documentation and tests (RFC 5737, RFC 2544, RFC 3849), so nobody is reached by them.
_STAND_INS: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = (
    *map(
        ipaddress.IPv4Network,
        ("192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    ),
    ipaddress.IPv6Network("2001:db8::/32"),
)


def is_global(text: str) -> bool:
    """Whether ``text`` is a unicast address that can be reached from anywhere (RFC 6890)."""
    address = _parsed(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address not in _NAT64:
            special = any(address in network for network in _IPV6_SPECIAL)
            return address in _IPV6_UNICAST and not special
        address = ipaddress.IPv4Address(address.packed[-4:])
    return address is not None and not any(address in network for network in _IPV4_SPECIAL)


def is_loopback(text: str) -> bool:
    """Whether ``text`` is an address of this machine alone."""
    address = _parsed(text)
    return address is not None and address.is_loopback


def is_stand_in(text: str) -> bool:
    """Whether ``text`` is an address with which a local cloud stands for a global one."""
    address = _parsed(text)
    if address is None:
        return False
    return address.is_loopback or any(address in network for network in _STAND_INS)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
