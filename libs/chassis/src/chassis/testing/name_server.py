"""A DNS server for one name, whose addresses a test changes as a cluster does."""

import asyncio
import struct
from collections.abc import Collection
from ipaddress import IPv4Address
from typing import Final, Self

_HEADER: Final = struct.Struct("!6H")
_ANSWER_AND_AUTHORITATIVE: Final = 0x8400
_QUESTION_TAIL_BYTES: Final = 4
_A: Final = 1


class NameServer(asyncio.DatagramProtocol):
    """Answers each query for an A record with `addresses`, uncached (TTL 0), and other queries with no record."""

    def __init__(self, addresses: Collection[str]) -> None:
        self.addresses = addresses
        self.port = 0
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def start(cls, *addresses: str) -> Self:
        """Listen on 127.0.0.1, at `port`."""
        loop = asyncio.get_running_loop()
        _, server = await loop.create_datagram_endpoint(lambda: cls(addresses), local_addr=("127.0.0.1", 0))
        return server

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # of a datagram protocol
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport:
            self._transport.sendto(self._reply(data), addr)

    def _reply(self, query: bytes) -> bytes:
        number, *_ = _HEADER.unpack_from(query)
        end = query.index(b"\0", _HEADER.size) + 1
        kind, _ = struct.unpack_from("!2H", query, end)
        found = [_record(address) for address in self.addresses] if kind == _A else []
        header = _HEADER.pack(number, _ANSWER_AND_AUTHORITATIVE, 1, len(found), 0, 0)
        return header + query[_HEADER.size : end + _QUESTION_TAIL_BYTES] + b"".join(found)


def _record(address: str) -> bytes:
    # The name is a pointer to the question; the TTL is 0 seconds.
    return struct.pack("!HHHIH", 0xC000 + _HEADER.size, _A, 1, 0, 4) + IPv4Address(address).packed
