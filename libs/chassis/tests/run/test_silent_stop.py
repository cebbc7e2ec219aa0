"""A process ends after SIGTERM while its database is silent, and while some part of it does not end."""

import os
import sys

from chassis.testing.processes import started
from chassis.testing.running import endpoint, eventually, through

STUCK = """
import asyncio
from chassis.run import process
from chassis.process_settings import ProcessSettings

process.CLOSING_SECONDS = 0.1

async def body(stop):
    process.log.info("working")
    await asyncio.Event().wait()

process.run_process("stuck", ProcessSettings(environment="local", shutdown_seconds=0), body)
"""


async def test_a_stop_ends_while_the_database_is_silent(start, urls, fault_proxy):
    proxy = await fault_proxy(*endpoint(urls.app))
    process = await start("jobs", database_url=through(urls.app, proxy.port))
    await process.line("working")
    proxy.blackhole()
    # Its heartbeat, or a look for jobs.
    await eventually(lambda: proxy.held_back > 0)
    process.terminate()
    # The database is still silent.
    assert await process.exit_code() == 0, process.text
    assert "stop_cut" not in process.text


async def test_a_start_ends_while_the_database_is_silent(start, urls, fault_proxy):
    proxy = await fault_proxy(*endpoint(urls.app))
    proxy.blackhole()
    process = await start("serve", database_url=through(urls.app, proxy.port))
    await eventually(lambda: proxy.held_back > 0)
    process.terminate()
    assert await process.exit_code() == 0


async def test_a_process_exits_even_if_a_part_of_it_does_not_end():
    async with started([sys.executable, "-c", STUCK], os.environ) as process:
        await process.line("working")
        process.terminate()
        assert await process.exit_code() == 1
        assert await process.line("stop_cut")
