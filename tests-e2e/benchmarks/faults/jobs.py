"""Jobs: how long a job stands still whose worker is killed."""

import asyncio
import time

import httpx

from benchmarks import bulk
from benchmarks.bank import Bank
from benchmarks.results import Result

SECONDS_MAX = 180
_MADE = "SELECT count(*) FROM transfers WHERE link_id = '{bulk_id}'"
_STARTS = """
    SELECT count(*) FROM procrastinate_events AS event JOIN procrastinate_jobs AS job ON job.id = event.job_id
    WHERE event.type = 'started' AND job.queueing_lock = 'bulk:{bulk_id}'
"""


def measure(bank: Bank) -> list[Result]:
    """Kill the `jobs` process of payments (SIGKILL) in a file of 10,000 lines; it is started again at once, as in a cluster."""
    bulk_id = asyncio.run(_submit(bank))
    if bulk_id is None:
        return []
    _wait(bank, _MADE.format(bulk_id=bulk_id), at_least=1)
    bank.platform.kill("payments-jobs")
    seconds = _wait(bank, _STARTS.format(bulk_id=bulk_id), at_least=2)
    return [Result.below("job of a killed worker goes on after", seconds, "s", target=15)]


async def _submit(bank: Bank) -> str | None:
    async with httpx.AsyncClient(base_url=bank.platform.url, timeout=60) as client:
        return await bulk.submit(client, bank.people)


def _wait(bank: Bank, query: str, *, at_least: int) -> float:
    began = time.monotonic()
    while bank.count("payments", query) < at_least and time.monotonic() - began < SECONDS_MAX:
        time.sleep(0.05)
    return time.monotonic() - began
