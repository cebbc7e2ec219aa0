"""Compliance's own commands: verify a proof offline, check the whole log."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from chassis.run import Command
from compliance import verifier
from compliance.settings import ComplianceSettings

if TYPE_CHECKING:
    from compliance.infrastructure.log_check import Finding

FAILED = 1


async def _verify(_settings: ComplianceSettings, arguments: argparse.Namespace) -> int:
    return await asyncio.to_thread(verifier.run, arguments)


async def _check(settings: ComplianceSettings, _arguments: argparse.Namespace) -> int:
    from chassis.database import Database  # noqa: PLC0415  # only where a database is needed
    from compliance.infrastructure.log_check import check_log  # noqa: PLC0415

    def progress(entries: int, size: int) -> None:
        sys.stderr.write(f"\r{entries:,} of {size:,} entries")

    database = Database.connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        finding: Finding = await check_log(database, progress=progress)
    finally:
        await database.close()
    sys.stderr.write("\n")
    for problem in finding.problems:
        sys.stdout.write(f"BROKEN: {problem}\n")
    if not finding.problems:
        sys.stdout.write(
            f"intact: {finding.size:,} entries, {finding.checkpoints:,} checkpoints, root {finding.root_hash.hex()}\n"
        )
    return FAILED if finding.problems else 0


COMMANDS = {
    "verify": Command("verify a proof bundle offline", _verify, verifier.add_arguments),
    "fsck": Command("recompute the whole log and compare it with its head, nodes and checkpoints", _check),
}
