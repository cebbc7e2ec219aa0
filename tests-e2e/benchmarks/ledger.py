"""Money movements: through the gateway, to one hot account, by gRPC directly to payments; reads of a large ledger's history."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import grpc
import psycopg
from journey import Person

from benchmarks import cpu, load
from benchmarks.bank import Bank
from benchmarks.memory import megabytes
from benchmarks.results import Result
from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import payments_pb2, payments_pb2_grpc

CONNECTIONS = (16, 64, 128)
RUN_SECONDS = 10
BATCH = 100
SMALL, LARGE = 100_000, 10_000_000
SEED_SECONDS_MAX = 150
CHUNK = 500_000


def transfers(bank: Bank) -> list[Result]:
    """POST /api/v1/transfers through the gateway: transfers accepted, and transfers written to the audit log, separately."""
    load.transfers(bank.platform.url, bank.people, connections=16, seconds=3)  # warm
    bank.drain()
    results: list[Result] = []
    for connections in CONNECTIONS:
        results += _accepted_and_drained(bank, connections)
    return results


def _accepted_and_drained(bank: Bank, connections: int) -> list[Result]:
    before, made_before, began = cpu.seconds_by_process(bank.platform), bank.transfers_made(), time.monotonic()
    seen = load.transfers(bank.platform.url, bank.people, connections=connections, seconds=RUN_SECONDS)
    drained_seconds = bank.drain()
    seconds, made = time.monotonic() - began, bank.transfers_made() - made_before
    spent = cpu.per_transfer_ms(before, cpu.seconds_by_process(bank.platform), made)
    bank.peak = max(bank.peak, seen.rate)
    name = f"transfers through the gateway, {connections} connections"
    target = 0.5 if connections > CONNECTIONS[0] else 0.25
    return [
        Result.against(name, seen.rate, "transfers/s", baseline=bank.best, ratio_min=target),
        Result(f"{name}: with audit written", made / seconds, "transfers/s"),
        Result(f"{name}: p50", seen.p50_ms, "ms"),
        Result(f"{name}: p99", seen.p99_ms, "ms"),
        Result(f"{name}: failed", seen.failed, "requests", target="0", met=seen.failed == 0),
        Result.below(f"{name}: audit log caught up after", drained_seconds, "s", target=2),
        Result(f"{name}: CPU, all processes", sum(spent.values()), "ms/transfer"),
        *(Result(f"{name}: CPU, {process}", used, "ms/transfer") for process, used in spent.items() if used >= cpu.NOISE_MS),
    ]


def steady(bank: Bank) -> list[Result]:
    """Latency at 70 % of the peak rate; requests arrive without waiting for earlier responses."""
    peak = bank.peak or load.transfers(bank.platform.url, bank.people, connections=64, seconds=RUN_SECONDS).rate
    seen = load.arrivals(bank.platform.url, bank.people, per_second=peak * 0.7, seconds=RUN_SECONDS)
    bank.drain()
    return [
        Result("transfers at 70 % of peak: rate", seen.rate, "transfers/s"),
        Result("transfers at 70 % of peak: p50", seen.p50_ms, "ms"),
        Result.below("transfers at 70 % of peak: p99", seen.p99_ms, "ms", target=50),
    ]


def hot(bank: Bank) -> list[Result]:
    """Half of all transfers go to one account; compared with the same load spread evenly."""
    even, hot_ = (
        load.transfers(bank.platform.url, bank.people, connections=64, seconds=RUN_SECONDS, hot=share) for share in (0.0, 0.5)
    )
    bank.drain()
    return [Result.against("hot account: half of all to one", hot_.rate, "transfers/s", baseline=even.rate, ratio_min=0.5)]


def grpc_direct(bank: Bank) -> list[Result]:
    """LedgerService directly at payments: one order per call, and batches; each order has its payer's access token."""
    return asyncio.run(_grpc(bank, bank.people, bank.best))


async def _grpc(bank: Bank, people: Sequence[Person], best: float) -> list[Result]:
    target = f"127.0.0.1:{bank.platform.processes.ports.of('grpc', 'payments')}"
    async with grpc.aio.insecure_channel(target) as channel:
        stub: payments_pb2_grpc.LedgerServiceAsyncStub = payments_pb2_grpc.LedgerServiceStub(channel)
        try:
            await stub.Transfer(payments_pb2.TransferRequest(order=_order(people, 0)), metadata=_METADATA)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            print("  payments serves no LedgerService yet")
            return []
        unary = await _rate(lambda number: _one(stub, people, number), callers=64)
        batch = await _rate(lambda number: _many(stub, people, number), callers=4) * BATCH
    bank.drain()
    return [
        Result.against("gRPC directly to payments, 64 callers", unary, "transfers/s", baseline=best, ratio_min=0.8),
        Result.against(f"gRPC in batches of {BATCH}, 4 callers", batch, "transfers/s", baseline=best, ratio_min=0.8),
    ]


# The contract names this caller in the environment `local` only.
_METADATA = (("x-elcorp-service", "benchmark"), ("x-request-id", "bench-grpc"))


def _order(people: Sequence[Person], number: int) -> payments_pb2.Order:
    source, target = people[number % len(people)], people[(number * 7 + 1) % len(people)]
    if source is target:
        target = people[(number + 1) % len(people)]
    return payments_pb2.Order(
        key=str(uuid4()),
        initiator_id=source.user_id,
        source_id=source.wallet_id,
        target_id=target.wallet_id,
        amount=money_pb2.Money(amount="0.01", currency="NAD"),
        description="bench",
        access_token=source.access_token,
    )


async def _one(stub: "payments_pb2_grpc.LedgerServiceAsyncStub", people: Sequence[Person], number: int) -> None:
    await stub.Transfer(payments_pb2.TransferRequest(order=_order(people, number)), metadata=_METADATA, timeout=10)


async def _many(stub: "payments_pb2_grpc.LedgerServiceAsyncStub", people: Sequence[Person], number: int) -> None:
    orders = [_order(people, number * BATCH + each) for each in range(BATCH)]
    answer = await stub.PostTransfers(payments_pb2.PostTransfersRequest(orders=orders), metadata=_METADATA, timeout=10)
    if refused := [outcome.refusal for outcome in answer.outcomes if outcome.HasField("refusal")]:
        raise RuntimeError(f"refused: {refused[0]}")


async def _rate(call, *, callers: int) -> float:  # type: ignore[no-untyped-def]
    ends_at, done = time.monotonic() + RUN_SECONDS, 0

    async def caller(first: int) -> None:
        nonlocal done
        number = first
        while time.monotonic() < ends_at:
            await call(number)
            number += callers
            done += 1

    began = time.monotonic()
    await asyncio.gather(*(caller(first) for first in range(callers)))
    return done / (time.monotonic() - began)


def history(bank: Bank) -> list[Result]:
    """Pages of postings and of the history, and a statement, in a ledger of 100,000 postings and in a large one."""
    person, payments = bank.people[0], bank.platform.supervisor.processes["payments-serve"].pid
    since = _now()
    load.transfers(bank.platform.url, bank.people, connections=16, seconds=3)
    period = f"since={since}&until={_now()}"
    paths = {
        "postings page": f"/api/v1/wallets/{person.wallet_id}/postings",
        "history page": "/api/v1/transfers",
        "statement": f"/api/v1/wallets/{person.wallet_id}/statement?{period}",
    }
    results: list[Result] = []
    figures: dict[str, float] = {}

    def compare(what: str, name: str, value: float, unit: str) -> None:
        if what not in figures:
            figures[what] = value
            results.append(Result(name, value, unit))
            return
        ratio = value / figures[what]
        results.append(Result(name, value, unit, figures[what], ratio, "ratio <= 1.5", met=ratio <= 1.5))

    for rows in (SMALL, LARGE):
        reached = _seed(bank, rows)
        for what, path in paths.items():
            seen = load.reads(bank.platform.service_url("payments"), person, path, connections=1, seconds=3)
            if seen.failed:
                raise RuntimeError(f"{what}: {seen.failed} reads failed")
            compare(what, f"{what} at {reached:,} postings: p50", seen.p50_ms, "ms")
        compare("memory", f"memory of payments-serve after that at {reached:,} postings", megabytes(payments).share, "MB")
    return results


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# Rows of an old ledger, spread evenly over the people's wallets.
_SEED = """
WITH made AS (
    INSERT INTO transfers (
        id, kind, initiator_id, idempotency_key, source_id, target_id, amount, currency, description, settled_at
    )
    SELECT cast(lpad(to_hex(1500000000000 + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0') AS uuid),
           'transfer', %(owner)s, 'seed-' || n, w[1 + n %% cardinality(w)], w[1 + (n + 1) %% cardinality(w)],
           0.01, 'NAD', 'seed', now()
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n, (SELECT %(wallets)s::uuid[] AS w) AS wallets
    RETURNING id, source_id, target_id
)
INSERT INTO postings (transfer_id, account_id, counterparty_id, amount, currency, balance_after, posted_at)
SELECT id, leg.account, leg.other, leg.amount, 'NAD', 0, now()
FROM made, LATERAL (VALUES (source_id, target_id, -0.01), (target_id, source_id, 0.01)) AS leg (account, other, amount)
"""


def _seed(bank: Bank, rows: int) -> int:
    """Write postings up to a number, fewer if the time runs out; return how many exist."""
    owner = UUID(bank.people[0].user_id)
    wallets = [UUID(person.wallet_id) for person in bank.people]
    url = bank.superuser_url("payments")
    with psycopg.connect(url, autocommit=True) as connection:
        # Neither triggers nor foreign keys: the rows are correct by construction, and ten million of them must not take an hour.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        deadline = time.monotonic() + SEED_SECONDS_MAX
        while (there := bank.count("payments", "SELECT count(*) FROM postings")) < rows and time.monotonic() < deadline:
            first = bank.count("payments", "SELECT count(*) FROM transfers WHERE description = 'seed'") + 1
            last = first + min(CHUNK, (rows - there + 1) // 2) - 1
            connection.execute(_SEED, {"owner": owner, "wallets": wallets, "first": first, "last": last})
        connection.execute("ANALYZE transfers, postings")
        return bank.count("payments", "SELECT count(*) FROM postings")
