"""`python -m <service> checkpoints`: print the notes that the service has kept."""

import argparse
import sys
from datetime import UTC, datetime
from typing import Final

from chassis.checkpoints.table import CheckpointTable
from chassis.persistence.database import Database
from chassis.settings import ServiceSettings

LIMIT: Final = 10_000
FAILED: Final = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since", type=_time, metavar="TIME", help="only checkpoints that were received since then, such as 2026-03-21T08:00Z"
    )
    parser.add_argument(
        "--limit", type=int, default=LIMIT, metavar="N", help=f"only the N largest (default {LIMIT:,}, a week at one a minute)"
    )


async def run(settings: ServiceSettings, arguments: argparse.Namespace) -> int:
    """Print the notes in the form that `python -m compliance fsck --checkpoint` reads. Return 1 if there are none."""
    database = Database.of(settings, pool_size=1)
    try:
        notes = await CheckpointTable(database).notes(since=arguments.since, limit=max(arguments.limit, 0))
    finally:
        await database.close()
    sys.stdout.write("\n".join(notes))
    if not notes:
        sys.stderr.write("no checkpoints\n")
        return FAILED
    return 0


def _time(given: str) -> datetime:
    at = datetime.fromisoformat(given)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
