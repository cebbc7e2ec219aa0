"""The output of `fsck --producers`."""

import argparse
import sys
from collections.abc import Sequence

from compliance.application.audit.check_producers import CheckProducers, ProducerFinding

FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--producers",
        action="store_true",
        help="instead, compare the log with the journals of all services: name facts that the log lacks, and entries that no "
        "journal names",
    )
    parser.add_argument(
        "--from-entry",
        type=int,
        default=0,
        metavar="N",
        help="with --producers: entries below N may be in no journal, because a release without journals recorded them",
    )


async def check_producers(check: CheckProducers, *, from_entry: int) -> int:
    """Compare all journals with the log, print one line for each producer, and return the exit code."""
    findings = await check(from_entry=from_entry)
    for finding in findings:
        _print(finding)
    return FAILED if _is_incomplete(findings) else 0


def _print(finding: ProducerFinding) -> None:
    for problem in finding.problems:
        sys.stdout.write(f"BROKEN: {finding.producer}: {problem}\n")
    if finding.count > len(finding.problems):
        sys.stdout.write(f"BROKEN: {finding.producer}: {finding.count - len(finding.problems):,} more\n")
    if finding.away:
        sys.stdout.write(f"{finding.producer}: not checked to the end, {finding.facts:,} facts: {finding.away}\n")
        return
    before = f", {finding.before:,} entries from before its journal" if finding.before else ""
    state = f"{finding.count:,} problems" if finding.count else "complete"
    sys.stdout.write(f"{finding.producer}: {state}, {finding.facts:,} facts in its journal{before}\n")


def _is_incomplete(findings: Sequence[ProducerFinding]) -> bool:
    return any(finding.away or finding.count for finding in findings)
