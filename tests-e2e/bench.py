"""Measure the platform on this machine: `python tests-e2e/bench.py [--only NAME]`.

All figures of one run come from one machine at one time, so ratios hold where digits do not. A target that is missed is
reported; nothing fails because of it. Loopback only, bounded in time.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
from benchmarks import baseline, load
from benchmarks.results import Result, show, write
from journey import Api, Journey, Person

from elcorp_local.platform import Platform

OUTPUT = Path(".local/bench.json")
PEOPLE = 24
UNLIMITED = {"ELCORP_RATE_LIMIT_PER_MINUTE": "100000000", "ELCORP_LOGIN_ATTEMPTS_PER_HOUR": "100000"}


class Bench:
    """A running platform and what the benchmarks share of it."""

    def __init__(self, platform: Platform, start_seconds: float) -> None:
        self.platform, self.start_seconds = platform, start_seconds
        self._people: list[Person] = []
        self._pgbench: dict[int, float] = {}

    @property
    def people(self) -> list[Person]:
        if not self._people:
            self._people = asyncio.run(self._register())
        return self._people

    @property
    def pgbench(self) -> dict[int, float]:
        if not self._pgbench:
            self._pgbench = baseline.transfers_per_second(self.platform)
        return self._pgbench

    async def _register(self) -> list[Person]:
        async with httpx.AsyncClient(base_url=self.platform.url, timeout=20) as client:
            api = Api(client)
            admin = Person("Administrator", email=self.platform.admin_email, password=self.platform.admin_password)
            journey = Journey(api, admin, print)
            await journey.administrator_signs_in()
            people = [Person(f"Bench{number}") for number in range(PEOPLE)]
            for person in people:
                await journey.register(person)
                await journey.sign_in(person)
                await journey.wallet_opens(person)
                funds = {"wallet_id": person.wallet_id, "amount": "1000000.00", "currency": "NAD", "reason": "bench"}
                await api.call("POST", "/issuances", by=admin, expect=201, key=str(uuid4()), **funds)
            return people

    def count(self, service: str, query: str) -> int:
        with psycopg.connect(self.platform.database_url(service, "owner")) as connection:
            row = connection.execute(query).fetchone()
            return int(row[0]) if row else 0


def start(bench: Bench) -> list[Result]:
    """From nothing but installed packages to every process ready."""
    return [Result.below("start: all processes ready", bench.start_seconds, "s", target=15)]


def pgbench(bench: Bench) -> list[Result]:
    """The same rows by pgbench, for the ratios."""
    return [Result(f"pgbench: same rows, {clients} clients", rate, "transfers/s") for clients, rate in bench.pgbench.items()]


def transfers(bench: Bench) -> list[Result]:
    """POST /api/v1/transfers through the gateway, and whether the audit log keeps up."""
    people, best = bench.people, max(bench.pgbench.values())
    load.transfers(bench.platform.url, people, connections=16, seconds=3)  # warm
    _drain(bench)
    results = []
    for connections in (16, 64, 128):
        seen = load.transfers(bench.platform.url, people, connections=connections, seconds=12)
        behind = bench.count("payments", "SELECT count(*) FROM outbox")
        drained_seconds = _drain(bench)
        name = f"transfers through the gateway, {connections} connections"
        results += [
            Result.against(name, seen.rate, "transfers/s", baseline=best, ratio_min=0.25),
            Result(f"{name}: p50", seen.p50_ms, "ms"),
            Result(f"{name}: p99", seen.p99_ms, "ms"),
            Result(f"{name}: failed", seen.failed, "requests", target="0", met=seen.failed == 0),
            Result(f"{name}: outbox rows left at the end", behind, "rows"),
            Result.below(f"{name}: audit log caught up after", drained_seconds, "s", target=2),
        ]
    return results


def gateway(bench: Bench) -> list[Result]:
    """What the gateway adds to a read, one request at a time."""
    person = bench.people[0]
    path = f"/api/v1/wallets/{person.wallet_id}"
    rounds = [
        (
            load.reads(bench.platform.service_url("payments"), person, path, connections=1, seconds=3),
            load.reads(bench.platform.url, person, path, connections=1, seconds=3),
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


def audit(bench: Bench) -> list[Result]:
    """How fast a backlog of audit facts goes into the log: relay, broker, consumer, Merkle tree."""
    platform, entries = bench.platform, "SELECT count(*) FROM audit_entries"
    _drain(bench)
    platform.pause("compliance-work")
    load.transfers(platform.url, bench.people, connections=64, seconds=8)
    before = bench.count("compliance", entries)
    platform.resume("compliance-work")
    began = time.monotonic()
    _drain(bench)
    appended, seconds = bench.count("compliance", entries) - before, time.monotonic() - began
    return [Result("audit entries from a backlog", appended / seconds, "entries/s")]


def memory(bench: Bench) -> list[Result]:
    """Resident memory of each process, after whatever ran before."""
    results = []
    for name, process in sorted(bench.platform.supervisor.processes.items()):
        status = Path(f"/proc/{process.pid}/status").read_text()
        kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        results.append(Result.below(f"memory: {name}", kilobytes / 1024, "MB", target=150))
    return results


BENCHMARKS: dict[str, Callable[[Bench], list[Result]]] = {
    "start": start,
    "pgbench": pgbench,
    "transfers": transfers,
    "gateway": gateway,
    "audit": audit,
    "memory": memory,
}


def _drain(bench: Bench, seconds_max: float = 120) -> float:
    """Wait until every committed transfer is in the audit log; return the seconds it took."""
    transfers_made = bench.count("payments", "SELECT count(*) FROM transfers")
    began = time.monotonic()
    while bench.count("compliance", "SELECT count(*) FROM audit_entries WHERE resource_type = 'transfer'") < transfers_made:
        if time.monotonic() - began > seconds_max:
            print(f"the audit log did not catch up in {seconds_max:g} s")
            break
        time.sleep(0.1)
    return time.monotonic() - began


@contextmanager
def running() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="elcorp-bench-"))
    folder.chmod(0o755)
    began = time.monotonic()
    try:
        with Platform.start(folder, environment=UNLIMITED, say=lambda line: print(f"  {line}", flush=True)) as platform:
            yield Bench(platform, time.monotonic() - began)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(BENCHMARKS), help="run one benchmark")
    only = parser.parse_args().only
    if not shutil.which("wrk"):
        print("wrk is needed for the load: apt-get install wrk", file=sys.stderr)
        return 1
    results: list[Result] = []
    with running() as bench:
        for name, benchmark in BENCHMARKS.items():
            if only in (None, name):
                print(f"  measuring {name}: {benchmark.__doc__}", flush=True)
                results += benchmark(bench)
    print(f"\n{show(results)}\n")
    write(results, OUTPUT)
    print(f"  written to {OUTPUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
