"""How a service's processes start, serve and stop.

`platform` and what it builds are imported on first use only: a worker has no need of the web framework.
"""

from typing import TYPE_CHECKING, Any

from chassis.run.command_line import Command, main
from chassis.run.process import run_process
from chassis.run.service import Background, Service, Serving, Working
from chassis.run.waiting import wait_for

if TYPE_CHECKING:
    from chassis.run.parts import Platform, platform

__all__ = [
    "Background",
    "Command",
    "Platform",
    "Service",
    "Serving",
    "Working",
    "main",
    "platform",
    "run_process",
    "wait_for",
]


def __getattr__(name: str) -> Any:
    if name in {"Platform", "platform"}:
        from chassis.run import parts  # noqa: PLC0415  # see above

        return getattr(parts, name)
    raise AttributeError(name)
