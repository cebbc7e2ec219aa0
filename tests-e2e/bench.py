"""Measure the platform on this machine: `python tests-e2e/bench.py [--only NAME]`.

All figures of a run come from one machine at one time, so ratios are comparable between machines and absolute figures are not.
A missed target is reported; no benchmark fails. It uses loopback only and takes about ten minutes.
"""

import argparse
import os
import platform as machine
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import access, accounts, bulk, ledger, load, needs, policies, tokens
from benchmarks.bank import Bank
from benchmarks.faults import faults
from benchmarks.memory import megabytes
from benchmarks.results import Result, markdown, show, write

from elcorp_local.failure import Failure
from elcorp_local.platform import Platform

OUTPUT = Path(".local/bench.json")
TABLE = Path(".local/bench.md")
UNLIMITED = {
    "ELCORP_RATE_LIMIT_PER_MINUTE": "100000000",
    "ELCORP_LOGIN_ATTEMPTS_PER_HOUR": "100000",
    "ELCORP_LOGIN_FAILURES_PER_HOUR_OF_ADDRESS": "100000",
}


def start(bank: Bank) -> list[Result]:
    """From installed packages only to every process ready."""
    return [Result.below("start: all processes ready", bank.start_seconds, "s", target=15)]


def pgbench(bank: Bank) -> list[Result]:
    """The same rows written by pgbench, for the ratios."""
    return [Result(f"pgbench: same rows, {clients} clients", rate, "transfers/s") for clients, rate in bank.pgbench.items()]


def gateway(bank: Bank) -> list[Result]:
    """The time that the gateway adds to a read, one request at a time."""
    person = bank.people[0]
    path = f"/api/v1/wallets/{person.wallet_id}"
    rounds = [
        (
            load.reads(bank.platform.service_url("payments"), person, path, connections=1, seconds=3),
            load.reads(bank.platform.url, person, path, connections=1, seconds=3),
        )
        for _ in range(3)
    ]
    direct, through = (min((pair[side] for pair in rounds), key=lambda seen: seen.p50_ms) for side in (0, 1))
    return [
        Result("read at the service: p50", direct.p50_ms, "ms"),
        Result(
            "read through the gateway: p50", through.p50_ms, "ms", baseline=direct.p50_ms, ratio=through.p50_ms / direct.p50_ms
        ),
        Result.below("gateway adds, p50", through.p50_ms - direct.p50_ms, "ms", target=1.5),
    ]


def audit(bank: Bank) -> list[Result]:
    """How fast a backlog of audit facts is written to the log: relay, broker, consumer, Merkle tree."""
    entries = "SELECT count(*) FROM audit_entries"
    bank.drain()
    bank.platform.pause("compliance-work")
    load.transfers(bank.platform.url, bank.people, connections=64, seconds=8)
    before = bank.count("compliance", entries)
    bank.platform.resume("compliance-work")
    began = time.monotonic()
    bank.drain()
    appended, seconds = bank.count("compliance", entries) - before, time.monotonic() - began
    return [Result("audit entries from a backlog", appended / seconds, "entries/s")]


def memory(bank: Bank) -> list[Result]:
    """Memory of each process after the benchmarks before this one: proportional share (PSS) and resident size."""
    results = []
    for name, process in sorted(bank.platform.supervisor.processes.items()):
        share, resident = megabytes(process.pid)
        results.append(Result.below(f"memory: {name}", share, "MB", target=150))
        results.append(Result(f"memory: {name}, resident", resident, "MB"))
    return results


# The order matters: benchmarks that fill the databases come last.
BENCHMARKS: dict[str, Callable[[Bank], list[Result]]] = {
    "start": start,
    "pgbench": pgbench,
    "transfers": ledger.transfers,
    "steady": ledger.steady,
    "hot": ledger.hot,
    "grpc": ledger.grpc_direct,
    "bulk": bulk.bulk,
    "gateway": gateway,
    "audit": audit,
    "sign-ins": accounts.sign_ins,
    "alike": accounts.refused_sign_ins,
    "tokens": tokens.token_check,
    "memory": memory,
    "revocation": accounts.revocation,
    "people": accounts.people,
    "access": access.access,
    "policies": policies.policies,
    "history": ledger.history,
    "faults": faults,
}


def say(line: str) -> None:
    print(f"  {line}", flush=True)


@contextmanager
def running() -> Iterator[Bank]:
    folder = Path(tempfile.mkdtemp(prefix="elcorp-bench-"))
    folder.chmod(0o755)
    began = time.monotonic()
    try:
        with Platform.start(folder, environment=UNLIMITED, say=say) as platform:
            yield Bank(platform, time.monotonic() - began)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(BENCHMARKS), help="run one benchmark")
    only = parser.parse_args().only
    try:
        needs.require([only] if only else list(BENCHMARKS), say=say)
    except Failure as failure:
        print(f"\n✗ {failure}", file=sys.stderr)
        return 1
    results: list[Result] = []
    began = time.monotonic()
    with running() as bank:
        for name, benchmark in BENCHMARKS.items():
            if only in (None, name):
                print(f"  measuring {name}: {benchmark.__doc__}", flush=True)
                results += benchmark(bank)
    print(f"\n{show(results)}\n")
    write(results, OUTPUT)
    TABLE.write_text(f"{_machine()}\n\n{markdown(results)}\n")
    print(f"  {time.monotonic() - began:.0f} s; written to {OUTPUT}, and as Markdown to {TABLE}")
    return 0


def _machine() -> str:
    return f"{os.cpu_count()} cores, {machine.machine()}, Linux {machine.release()}, Python {machine.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
