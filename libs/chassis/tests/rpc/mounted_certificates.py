"""Certificates mounted as files, watched with a clock that tests move."""

from chassis.rpc import Tls
from chassis.rpc.material import Files
from kernel.clock import SystemClock

NAMES = {"server": ("compliance", "localhost"), "client": ("payments",)}


class Ticks:
    """A monotonic clock that changes only when moved."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def watching(mounted, ticks, clock=None):
    files = mounted.settings
    return Tls(
        Files(files["tls_cert_file"], files["tls_key_file"], files["tls_ca_file"]), clock=clock or SystemClock(), elapsed=ticks
    )
