"""The proxies whose X-Forwarded-For is trusted."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_KNOWN_MAX = 10_000


class TrustedProxies:
    """Finds the client's address: the rightmost address of X-Forwarded-For that is not a trusted proxy.

    Addresses further left are claims of the client. A peer that is not a trusted proxy is itself the client.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: Sequence[Network] = [ipaddress.ip_network(network) for network in networks]
        self._known: dict[str, bool] = {}

    def client_address(self, peer: str, forwarded: Sequence[bytes]) -> str:
        if not forwarded or not self.trusts(peer):
            return peer
        address = peer
        for hop in reversed(b",".join(forwarded).decode("latin-1").split(",")):
            candidate = hop.strip()
            if not _is_address(candidate):
                return address
            address = candidate
            if not self.trusts(address):
                return address
        return address

    def trusts(self, address: str) -> bool:
        trusted = self._known.get(address)
        if trusted is None:
            trusted = _is_address(address) and any(ipaddress.ip_address(address) in network for network in self._networks)
            if len(self._known) < _KNOWN_MAX:
                self._known[address] = trusted
        return trusted


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
