"""How soon the kernel ends a connection whose peer vanished: its node has no power, or the network drops its packets.

A vanished peer acknowledges nothing and closes nothing. Sent data is repeated for UNACKNOWLEDGED_MS_MAX; an idle connection is
probed. Either way the connection ends after about eleven seconds; Linux's defaults are a quarter of an hour, and two hours.
"""

import socket
from typing import Any, Final

IDLE_SECONDS: Final = 5
PROBE_EVERY_SECONDS: Final = 2
PROBES_MAX: Final = 3
UNACKNOWLEDGED_MS_MAX: Final = (IDLE_SECONDS + PROBE_EVERY_SECONDS * PROBES_MAX) * 1000


def open_socket(address: tuple[Any, ...]) -> socket.socket:
    """Make a socket with these limits for an address as `getaddrinfo` returns it."""
    family, kind, protocol, *_ = address
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, IDLE_SECONDS),
        (socket.TCP_KEEPINTVL, PROBE_EVERY_SECONDS),
        (socket.TCP_KEEPCNT, PROBES_MAX),
        (socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS_MAX),
    ):
        opened.setsockopt(socket.IPPROTO_TCP, option, value)
    return opened
