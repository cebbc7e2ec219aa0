"""The commands of compliance: verify a proof offline, check the whole log."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from chassis.run import Command
from compliance import verifier
from compliance.interfaces.check_producers import add_arguments, check_producers
from compliance.settings import ComplianceSettings

if TYPE_CHECKING:
    from compliance.application.audit.check_log import CheckLog
    from compliance.application.audit.check_producers import CheckProducers

FAILED = 1


def commands(
    checking: "Callable[[ComplianceSettings], AbstractAsyncContextManager[CheckLog]]",
    comparing: "Callable[[ComplianceSettings], AbstractAsyncContextManager[CheckProducers]]",
) -> Mapping[str, Command[ComplianceSettings]]:
    async def check(settings: ComplianceSettings, arguments: argparse.Namespace) -> int:
        if arguments.producers:
            async with comparing(settings) as compare:
                return await check_producers(compare, from_entry=arguments.from_entry)
        async with checking(settings) as check_log:
            return await _check(check_log, with_columns=not arguments.tree_only)

    return {
        "verify": Command("verify a proof offline", _verify, verifier.add_arguments, needs=()),
        "fsck": Command("recompute the whole log and compare it with its head, nodes, checkpoints and columns", check, _fsck),
    }


async def _verify(_settings: ComplianceSettings, arguments: argparse.Namespace) -> int:
    return await asyncio.to_thread(verifier.run, arguments)


def _fsck(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.add_argument(
        "--tree-only", action="store_true", help="skip the check of columns and related subjects, which is faster"
    )


async def _check(check_log: "CheckLog", *, with_columns: bool) -> int:
    def progress(entries: int, size: int) -> None:
        sys.stderr.write(f"\r{entries:,} of {size:,} entries")

    finding = await check_log(with_columns=with_columns, progress=progress)
    sys.stderr.write("\n")
    for problem in finding.problems:
        sys.stdout.write(f"BROKEN: {problem}\n")
    if finding.problems:
        return FAILED
    sys.stdout.write(f"intact: {finding.size:,} entries, {finding.checkpoints:,} checkpoints, root {finding.root_hash.hex()}\n")
    return 0
