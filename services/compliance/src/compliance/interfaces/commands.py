"""Compliance's own commands: verify a proof offline, check the whole log."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chassis.run import Command
from compliance.settings import ComplianceSettings

if TYPE_CHECKING:
    from compliance.infrastructure.log_check import Finding

FAILED = 1


def _configure_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, required=True, help="the JSON that /audit/entries/{sequence}/proof gave")
    parser.add_argument("--key", required=True, help="the log's verifier key, kept from /audit/key")


async def _verify(_settings: ComplianceSettings, arguments: argparse.Namespace) -> int:
    from compliance.verifier import NotProven, verify_bundle  # noqa: PLC0415  # needs no other part of the service

    bundle = json.loads(await asyncio.to_thread(arguments.bundle.read_text))
    try:
        verified = verify_bundle(bundle.get("data", bundle), key=arguments.key)
    except NotProven as problem:
        sys.stderr.write(f"NOT PROVEN: {problem}\n")
        return FAILED
    entry = verified.entry
    what = f"{entry.action} on {entry.resource_type} {entry.resource_id} by {entry.actor.subject_id}"
    sys.stdout.write(
        f"proven: entry {verified.index} of {verified.tree_size}, root {verified.root_hash.hex()}\n"
        f"{entry.occurred_at.isoformat()} {what}\n"
    )
    return 0


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
    "verify": Command("verify a proof bundle offline", _verify, _configure_verify),
    "fsck": Command("recompute the whole log and compare it with its head, nodes and checkpoints", _check),
}
