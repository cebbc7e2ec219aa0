"""The database lets a waiting file continue only after another person's decision, whatever the code does."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chassis.testing.databases import DatabaseUrls
from kernel.ids import new_id

Connection = psycopg.AsyncConnection[Any]


@pytest.fixture
async def connection(database_urls: DatabaseUrls) -> AsyncIterator[Connection]:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        yield connection


async def wallet(connection: Connection, owner_id: UUID) -> UUID:
    wallet_id = new_id()
    await connection.execute(
        "INSERT INTO accounts (id, kind, owner_id, currency, balance, version, opened_at)"
        " VALUES (%s, 'wallet', %s, 'NAD', 10, 0, now())",
        (wallet_id, owner_id),
    )
    return wallet_id


async def insert(connection: Connection, **columns: Any) -> tuple[UUID, UUID, UUID]:
    """Insert a waiting file of one line; return its id, its submitter and its payee."""
    payer, payee = new_id(), new_id()
    target = await wallet(connection, payee)
    values: dict[str, Any] = {
        "id": new_id(),
        "initiator_id": payer,
        "idempotency_key": "k",
        "request_hash": b"h" * 32,
        "source_id": await wallet(connection, payer),
        "currency": "NAD",
        "mode": "best_effort",
        "format": "text/csv",
        "lines_total": 1,
        "amount_total": 5,
        "actor": Jsonb({}),
        "status": "pending_approval",
        "expires_at": "2026-03-24T08:00:00Z",
        "created_at": "2026-03-21T08:00:00Z",
        **columns,
    }
    names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    await connection.execute(f"INSERT INTO bulks ({names}) VALUES ({places})", values)  # column names of this test
    await connection.execute(
        "INSERT INTO bulk_chunks (bulk_id, number, first_line, last_line, lines) VALUES (%s, 1, 1, 1, %s)",
        (values["id"], Jsonb([[1, str(target), "5", "", ""]])),
    )
    return values["id"], payer, payee


async def decide(connection: Connection, bulk_id: UUID, by: UUID | None, change: str) -> None:
    await connection.execute(
        f"UPDATE bulks SET {change}, decided_by = %s, decided_at = CASE WHEN %s::uuid IS NULL THEN NULL ELSE now() END"
        " WHERE id = %s",
        (by, by, bulk_id),
    )


APPROVED = "status = 'accepted'"
REJECTED = "status = 'failed', not_run = 1, ended_at = now()"
CANCELLED = "status = 'cancelled', not_run = 1, ended_at = now()"


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"expires_at": None}, "waits_for_a_time"),
        ({"status": "asleep"}, "bulks_status_check"),
        ({"ended_at": "now", "not_run": 1}, "ended_is_counted"),
        ({"status": "failed"}, "ended_is_counted"),
        ({"approval_rules": Jsonb({"rule": 1})}, "bulks_approval_rules_check"),
        ({"status": "accepted", "decided_by": UUID(int=7)}, "decided_at_a_time"),
        ({"status": "accepted", "decided_at": "now"}, "decided_at_a_time"),
    ],
    ids=str,
)
async def test_an_invalid_file_is_refused(connection: Connection, columns: dict[str, Any], constraint: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match=constraint):
        await insert(connection, **columns)


@pytest.mark.parametrize("status", ["accepted", "running", "cancelling", "completed", "partly_completed"])
async def test_a_waiting_file_does_not_run_without_a_decision(connection: Connection, status: str) -> None:
    bulk_id, *_ = await insert(connection)
    ended = ", settled = 1, ended_at = now()" if status.endswith("completed") else ""
    with pytest.raises(psycopg.errors.RestrictViolation, match="nobody has decided"):
        await decide(connection, bulk_id, None, f"status = '{status}'{ended}")


@pytest.mark.parametrize("change", [REJECTED, CANCELLED], ids=["failed", "cancelled"])
async def test_a_waiting_file_may_end_without_a_decision(connection: Connection, change: str) -> None:
    bulk_id, *_ = await insert(connection)
    await decide(connection, bulk_id, None, change)


@pytest.mark.parametrize("change", [APPROVED, REJECTED], ids=["approved", "rejected"])
async def test_neither_payer_nor_payee_decides_on_a_file(connection: Connection, change: str) -> None:
    bulk_id, payer, payee = await insert(connection)
    with pytest.raises(psycopg.errors.CheckViolation, match="decided_by_another"):
        await decide(connection, bulk_id, payer, change)
    with pytest.raises(psycopg.errors.CheckViolation, match="one whom it pays"):
        await decide(connection, bulk_id, payee, change)
    await decide(connection, bulk_id, new_id(), change)


async def test_a_payee_cannot_become_the_decider_afterwards(connection: Connection) -> None:
    bulk_id, payer, payee = await insert(connection)
    await decide(connection, bulk_id, new_id(), APPROVED)
    for by, constraint in ((payer, "decided_by_another"), (payee, "one whom it pays")):
        with pytest.raises(psycopg.errors.CheckViolation, match=constraint):
            await decide(connection, bulk_id, by, APPROVED)
