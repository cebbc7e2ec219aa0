"""Jobs: how long a job stands still whose worker is killed."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence

import httpx
from journey import Person

from benchmarks import bulk
from benchmarks.bank import Bank
from benchmarks.results import Result
from chassis.testing.running import free_port
from elcorp_local.supervisor import Managed

SECONDS_MAX = 180
_MADE = "SELECT count(*) FROM transfers WHERE link_id = '{bulk_id}'"
_STARTS = """
    SELECT count(*) FROM procrastinate_events AS event JOIN procrastinate_jobs AS job ON job.id = event.job_id
    WHERE event.type = 'started' AND job.queueing_lock = 'bulk:{bulk_id}'
"""


def measure(bank: Bank) -> list[Result]:
    """Kill (SIGKILL) one of two `jobs` processes of payments in a file of 10,000 lines."""
    people, other = bank.people, _other_worker(bank)
    # Only the first may take the job.
    os.kill(other.pid, signal.SIGSTOP)
    bulk_id = asyncio.run(_submit(bank, people))
    if bulk_id:
        _wait(bank, _MADE.format(bulk_id=bulk_id), at_least=1)
    os.kill(other.pid, signal.SIGCONT)
    if bulk_id is None:
        return []
    bank.platform.kill("payments-jobs")
    seconds = _wait(bank, _STARTS.format(bulk_id=bulk_id), at_least=2)
    return [Result.below("job of a killed worker goes on after", seconds, "s", target=15)]


def _other_worker(bank: Bank) -> Managed:
    """Start a second `jobs` process of payments."""
    supervisor, port = bank.platform.supervisor, str(free_port())
    first = supervisor.processes["payments-jobs"]
    other = Managed(
        name="payments-jobs-2",
        command=first.command,
        environment={**first.environment, "ELCORP_OPS_PORT": port},
        folder=first.folder,
        ready_url=f"http://127.0.0.1:{port}/readyz",
        stop_order=first.stop_order,
    )
    supervisor.start([other])
    supervisor.wait_ready([other.name], seconds_max=SECONDS_MAX)
    return other


async def _submit(bank: Bank, people: Sequence[Person]) -> str | None:
    async with httpx.AsyncClient(base_url=bank.platform.url, timeout=60) as client:
        return await bulk.submit(client, people)


def _wait(bank: Bank, query: str, *, at_least: int) -> float:
    began = time.monotonic()
    while bank.count("payments", query) < at_least and time.monotonic() - began < SECONDS_MAX:
        time.sleep(0.05)
    return time.monotonic() - began
