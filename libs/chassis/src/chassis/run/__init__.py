"""How a service's processes start, serve and stop.

`platform` and what it builds are imported on first use only: a worker has no need of the web framework.
"""

from typing import TYPE_CHECKING, Any

from chassis.run.command_line import Command, main
from chassis.run.process import run_process
from chassis.run.service import Background, Service, Serving, Working
from chassis.waiting import wait_until_ready

if TYPE_CHECKING:
    from chassis.run.resources import ServiceResources, platform

__all__ = [
    "Background",
    "Command",
    "Service",
    "ServiceResources",
    "Serving",
    "Working",
    "main",
    "platform",
    "run_process",
    "wait_until_ready",
]


def __getattr__(name: str) -> Any:
    if name in {"ServiceResources", "platform"}:
        from chassis.run import resources  # noqa: PLC0415  # see above

        return getattr(resources, name)
    raise AttributeError(name)
