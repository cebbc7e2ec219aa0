"""Starts, runs and stops a service's processes.

`service_resources` and `worker_resources`, and what they build, are imported on first use: a worker does not need the web
framework, nor a `serve` process the consumer.
"""

from typing import TYPE_CHECKING, Any

from chassis.run.command_line import main
from chassis.run.process import run_process
from chassis.run.service import KEYED, Background, Command, Service, Serving, Working
from chassis.waiting import wait_until_ready

if TYPE_CHECKING:
    from chassis.run.resources import ServiceResources, service_resources
    from chassis.run.work_resources import WorkerResources, worker_resources

__all__ = [
    "KEYED",
    "Background",
    "Command",
    "Service",
    "ServiceResources",
    "Serving",
    "WorkerResources",
    "Working",
    "main",
    "run_process",
    "service_resources",
    "wait_until_ready",
    "worker_resources",
]


def __getattr__(name: str) -> Any:
    if name in {"ServiceResources", "service_resources"}:
        from chassis.run import resources  # noqa: PLC0415  # see above

        return getattr(resources, name)
    if name in {"WorkerResources", "worker_resources"}:
        from chassis.run import work_resources  # noqa: PLC0415

        return getattr(work_resources, name)
    raise AttributeError(name)
