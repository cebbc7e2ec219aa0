"""`python -m <service> projections`: list the copies of other services' rows, fill one again, or compare it with its producer."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

from chassis.persistence.database import Database
from chassis.projections.comparison import Comparison, HistoryChanged
from chassis.projections.follower import Projection
from chassis.run.service import Command
from chassis.settings import ServiceSettings
from kernel.errors import Unavailable

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)
# Opens the copies of a service, by name, with their database.
Opened = AbstractAsyncContextManager[tuple[Database, Mapping[str, Projection]]]

DIFFERENT: Final = 1
FAILED: Final = 2
SHOWN_MAX: Final = 100
WAIT_SECONDS: Final = 0.2
_HELP: Final = """\
`list` prints each copy with its state, since when it is known to be complete, and its number of rows. `rebuild` reads all rows
from the producer again, while events arrive; until that is complete, the copy is not used and the producer is asked. It may be
interrupted: the `work` process, or another rebuild, continues it. `compare` reads all rows from the producer and prints those
that differ; it changes nothing and exits with 1 if there are some, and with 2 if the producer does not answer.
"""


def projections_command(opened: Callable[[SettingsT], Opened]) -> Command[SettingsT]:
    """Return the command of a service that keeps copies."""

    async def run(settings: SettingsT, arguments: argparse.Namespace) -> int:
        async with opened(settings) as (database, copies):
            return await _act(database, copies, arguments)

    return Command("list, rebuild or compare the copies of other services' rows", run, _configure)


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.description = _HELP
    parser.add_argument("action", choices=("list", "rebuild", "compare"))
    parser.add_argument("name", nargs="?", help="the copy to rebuild or compare, as `list` prints it")


async def _act(database: Database, copies: Mapping[str, Projection], arguments: argparse.Namespace) -> int:
    if arguments.action == "list":
        return await _list(copies)
    if arguments.name not in copies:
        sys.stderr.write(f"name one of the copies: {', '.join(copies)}\n")
        return FAILED
    try:
        copy = copies[arguments.name]
        return await (_rebuild(copy) if arguments.action == "rebuild" else _compare(database, copy))
    except (Unavailable, HistoryChanged) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return FAILED


async def _list(copies: Mapping[str, Projection]) -> int:
    for name, copy in copies.items():
        condition = await copy.state.look()
        state = condition.state(seconds_max=copy.seconds_max)
        age = "never complete" if condition.age_seconds is None else f"complete as of {condition.age_seconds:.1f} s ago"
        sys.stdout.write(f"{name}  {state}  {age}  {await copy.state.count()} rows\n")
    return 0


async def _rebuild(copy: Projection) -> int:
    await copy.state.fill_again()
    # A `work` process may read the feed; then this one only waits for it.
    while not await copy.complete() and not (await copy.state.look()).is_filled:  # noqa: ASYNC110  # of another process
        await asyncio.sleep(WAIT_SECONDS)
    await copy.leave()
    sys.stdout.write(f"{copy.name}: {await copy.state.count()} rows\n")
    return 0


async def _compare(database: Database, copy: Projection) -> int:
    comparison = Comparison(database, copy.state.rows, copy.feed)
    found = await comparison.differences()
    for difference in found[:SHOWN_MAX]:
        sys.stdout.write(f"{difference}\n")
    if len(found) > SHOWN_MAX:
        sys.stdout.write(f"… and {len(found) - SHOWN_MAX} more\n")
    sys.stdout.write(f"{copy.name}: {comparison.compared} rows compared, {len(found)} differ\n")
    return DIFFERENT if found else 0
