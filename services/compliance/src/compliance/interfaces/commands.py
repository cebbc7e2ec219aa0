"""The commands of compliance: verify a proof offline, check the whole log."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from chassis.run import Command
from compliance import verifier
from compliance.interfaces.check_producers import add_arguments, check_producers
from compliance.interfaces.kept_notes import NotKept, read_key, read_notes
from compliance.settings import ComplianceSettings

if TYPE_CHECKING:
    from compliance.application.audit.check_log import CheckLog
    from compliance.application.audit.check_producers import CheckProducers
    from compliance.application.audit.findings import Finding

FAILED = 1
USAGE_ERROR = 2

_FSCK = """\
Recompute the whole audit log from its entries, and compare it with its head, nodes, checkpoints, columns and signing key.
This proves that the database agrees with itself. Whether it agrees with the past, only copies outside it can show:

  --key          the log's verifier key in the auditor's copy (GET /api/v1/audit/key), as text or in a file: every stored
                 checkpoint must be signed by it. Without it the key comes from the database that is checked.
  --checkpoint   notes that were kept elsewhere: of `python -m payments checkpoints` (every service keeps some), of
                 GET /api/v1/audit/checkpoint, or of earlier --output. Each must be signed by the key, must be one of the log's
                 checkpoints, and the log must still begin with it. This finds entries that were removed, exchanged or
                 replaced with all their hashes, backups that were restored, and checkpoints that were deleted.

With --producers, the log is instead compared with the journals of all services, which must answer: facts that it lacks and
entries that no journal has are named.

With the master key in the settings, the sealed signing key is compared with the public key. Each finding says what it means.
The exit code is 0 if the log is intact, 1 if it is not, and 2 if a file cannot be read.
"""


def commands(
    checking: "Callable[[ComplianceSettings], AbstractAsyncContextManager[CheckLog]]",
    comparing: "Callable[[ComplianceSettings], AbstractAsyncContextManager[CheckProducers]]",
) -> Mapping[str, Command[ComplianceSettings]]:
    async def check(settings: ComplianceSettings, arguments: argparse.Namespace) -> int:
        if arguments.producers:
            async with comparing(settings) as compare:
                return await check_producers(compare, from_entry=arguments.from_entry)
        try:
            key = await asyncio.to_thread(read_key, arguments.key) if arguments.key else None
            kept = await asyncio.to_thread(read_notes, arguments.checkpoint)
            if arguments.output:
                # Before the check, which may take hours.
                await asyncio.to_thread(arguments.output.touch)
        except (NotKept, OSError) as problem:
            sys.stderr.write(f"{problem}\n")
            return USAGE_ERROR
        async with checking(settings) as check_log:
            finding = await check_log(key=key, kept=kept, with_columns=not arguments.tree_only, progress=_progress)
        sys.stderr.write("\n")
        return await asyncio.to_thread(_report, finding, arguments.output)

    return {
        "verify": Command("verify a proof offline", _verify, verifier.add_arguments, needs=()),
        "fsck": Command("recompute the whole log, and compare it with the database and with kept checkpoints", check, _fsck),
    }


async def _verify(_settings: ComplianceSettings, arguments: argparse.Namespace) -> int:
    return await asyncio.to_thread(verifier.run, arguments)


def _fsck(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.description, parser.formatter_class = _FSCK, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--key", metavar="VKEY", help="the log's verifier key that an auditor kept, or a file with it")
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        action="append",
        default=[],
        help="a file with one or more kept notes; - for standard input; may be repeated",
    )
    parser.add_argument(
        "--tree-only", action="store_true", help="skip the check of columns and related subjects, which is faster"
    )
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="if the log is intact, append its newest checkpoint to this file, to keep it"
    )


def _progress(entries: int, size: int) -> None:
    sys.stderr.write(f"\r{entries:,} of {size:,} entries")


def _report(finding: "Finding", output: Path | None) -> int:
    for kind, problems in finding.by_kind.items():
        sys.stdout.writelines(f"BROKEN: {problem}\n" for problem in problems)
        if omitted := finding.omitted(kind):
            sys.stdout.write(f"BROKEN: {omitted:,} more of this kind\n")
        sys.stdout.write(f"  {kind.value}\n")
    if not finding.problems:
        counts = f"{finding.size:,} entries, {finding.checkpoints:,} checkpoints"
        kept = f", {finding.kept:,} kept notes" if finding.kept else ""
        sys.stdout.write(f"intact: {counts}{kept}, root {finding.root_hash.hex()}\n")
    sys.stdout.writelines(f"not checked: {what}\n" for what in finding.unchecked)
    if finding.problems:
        return FAILED
    if finding.newest_note:
        sys.stdout.write(f"newest checkpoint, to keep outside this database:\n\n{finding.newest_note}")
        if output:
            with output.open("a") as file:
                file.write(f"{finding.newest_note}\n")
    return 0
