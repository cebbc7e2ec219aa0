"""Bind TCP ports; the error for a port in use names the port and its setting."""

import socket


class PortTakenError(Exception):
    """The port is in use."""


def bind(host: str, port: int, *, setting: str) -> socket.socket:
    """Bind a TCP port; raises PortTakenError, which names the port and its setting."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTakenError(f"cannot listen on {host}:{port} ({setting}): {error.strerror}") from error
    return listener
