"""Clients by their addresses, as limits and records count them."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

_IPV6_PREFIX: Final = 64


def subscriber_of(ip: str) -> str:
    """Return what an address counts as: an IPv4 address itself, an IPv6 address its /64 network.

    One subscriber has all the 2^64 addresses of such a network. Text that is no address counts as itself.
    """
    if ":" not in ip:
        return ip
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), _IPV6_PREFIX), strict=False))
