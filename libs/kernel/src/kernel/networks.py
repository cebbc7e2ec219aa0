"""Client addresses, as rate limits and records count them."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

_IPV6_PREFIX: Final = 64


def subscriber_of(ip: str) -> str:
    """Return an IPv4 address unchanged, and the /64 network of an IPv6 address.

    One subscriber has all 2^64 addresses of such a network. Text that is not an address is returned unchanged.
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
