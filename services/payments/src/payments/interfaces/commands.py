"""Commands for operators."""

import sys
import time
from collections.abc import AsyncIterator

from payments.application.ledger.views import Finding


async def print_findings(findings: AsyncIterator[Finding]) -> int:
    """Print a line for each rule and the rows that break it. Return the number of broken rules."""
    broken = 0
    started = time.monotonic()
    async for finding in findings:
        seconds = time.monotonic() - started
        sys.stdout.write(f"  {'✗' if finding.broken else '✓'} {finding.rule}  ({seconds:.1f} s)\n")
        for row in finding.broken:
            sys.stdout.write(f"      {row}\n")
        sys.stdout.flush()
        broken += bool(finding.broken)
        started = time.monotonic()
    sys.stdout.write("The ledger adds up.\n" if not broken else f"The ledger does not add up: {broken} rules are broken.\n")
    return broken
