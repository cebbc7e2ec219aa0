"""The ledger checks itself: tampering is found, frozen and reported once."""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.databases import DatabaseUrls
from elcorp.payments.v1 import events_pb2
from kernel.ids import new_id
from kernel.long_work import Json, LongWork
from payments.application.ledger.check_ledger import CheckLedger
from payments.application.ledger_verifications.check_whole_ledger import CheckWholeLedger
from payments.bootstrap import ledger
from payments.domain.account import treasury_id
from payments.domain.errors import LedgerBroken
from payments.infrastructure.ledger_metrics import LedgerMetrics
from payments.infrastructure.sql.ledger_check import SqlLedgerCheck
from payments.infrastructure.sql.ledger_verifications import SqlWholeLedger
from payments.settings import PaymentsSettings
from payments.wiring.dependencies import unit_of_work
from services.payments.tests.integration.use_case_bank import UseCaseBank

START = datetime(2026, 3, 21, tzinfo=UTC)


@dataclass
class Watched:
    bank: UseCaseBank
    owner_url: str
    app_url: str
    check: CheckLedger
    source: UUID = field(default_factory=new_id)
    target: UUID = field(default_factory=new_id)

    async def tamper(self, statement: str, **values: Any) -> None:
        """Do what only the owner of the database can, with triggers disabled."""
        async with await psycopg.AsyncConnection.connect(self.owner_url) as connection:
            tables = ("accounts", "transfers", "postings")
            for table in tables:
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")  # table names of this test
            await connection.execute("ALTER TABLE postings DROP CONSTRAINT IF EXISTS posted_in_its_currency")
            for constraint in ("wallet_never_negative", "within_ceiling"):
                await connection.execute(f"ALTER TABLE accounts DROP CONSTRAINT IF EXISTS {constraint}")
            await connection.execute(statement, values)
            for table in tables:
                await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    async def status(self, wallet_id: UUID) -> str:
        view = await self.bank.payments.wallets.get_wallet_for_peer(wallet_id=wallet_id)
        return view.status

    async def announced(self) -> list[events_pb2.LedgerBroken]:
        async with self.bank.database.read() as connection:
            rows = await connection.execute(text("SELECT payload FROM outbox WHERE type = 'payments.ledger.broken'"))
            return [events_pb2.LedgerBroken.FromString(bytes(row.payload)) for row in rows]


@pytest.fixture
async def watched(database_urls: DatabaseUrls) -> AsyncIterator[Watched]:
    database = Database.connect(database_urls.app, pool_size=5)
    bank = UseCaseBank(database)
    check = CheckLedger(unit_of_work(database), SqlLedgerCheck(database), LedgerMetrics(), bank.clock)
    watched = Watched(bank, database_urls.owner, database_urls.app, check)
    watched.source, watched.target = await bank.wallet("100.00"), await bank.wallet()
    await bank.pay(bank.order(watched.source, watched.target, "30.00"))
    await bank.pay(bank.order(watched.source, watched.target, "20.00", later=True))
    yield watched
    await database.close()


def breaks_counted(what: str) -> float:
    return REGISTRY.get_sample_value("ledger_breaks_total", {"what": what}) or 0


async def test_a_ledger_that_adds_up_has_no_breaks(watched: Watched) -> None:
    assert [await watched.check() for _ in range(2)] == [0, 0]
    await watched.bank.pay(watched.bank.order(watched.source, watched.target, "1.00"))
    assert await watched.check() == 0
    assert await watched.announced() == []
    assert await watched.bank.scalar("SELECT count(*) FROM ledger_marks WHERE account_id = :id", id=watched.source) == 1
    assert REGISTRY.get_sample_value("ledger_sum", {"currency": "NAD"}) == 0
    assert REGISTRY.get_sample_value("ledger_checked_timestamp_seconds") == watched.bank.clock.now().timestamp()


TAMPERING = {
    "balance": "UPDATE accounts SET balance = balance + 5 WHERE id = %(wallet)s",
    "held": "UPDATE accounts SET held = held + 5 WHERE id = %(wallet)s",
    "chain": "UPDATE postings SET balance_after = balance_after + 5 WHERE account_id = %(wallet)s",
}


@pytest.mark.parametrize("checked_before", [False, True])
@pytest.mark.parametrize("what", TAMPERING)
async def test_tampered_accounts_are_frozen_and_reported_once(watched: Watched, what: str, checked_before: bool) -> None:
    if checked_before:
        assert await watched.check() == 0
        # The full verification covers what is older than the last round; this covers what follows it.
        await watched.bank.pay(watched.bank.order(watched.source, watched.target, "1.00"))
    counted = breaks_counted(what)
    statement = TAMPERING[what] + (" AND sequence = (SELECT max(sequence) FROM postings)" if what == "chain" else "")
    await watched.tamper(statement, wallet=watched.target)
    assert [await watched.check() for _ in range(3)] == [1, 0, 0]
    assert await watched.status(watched.target) == "frozen"
    assert await watched.status(watched.source) == "open"
    [reported] = await watched.announced()
    assert (reported.account_id, reported.what) == (str(watched.target), what)
    assert Decimal(reported.found.amount) - Decimal(reported.expected.amount) == 5
    assert breaks_counted(what) == counted + 1
    assert await watched.bank.scalar("SELECT count(*) FROM ledger_breaks") == 1


@pytest.mark.parametrize("wallet", ["source", "target"])
async def test_a_tampered_hold_is_found_though_nothing_moved_since(watched: Watched, wallet: str) -> None:
    assert await watched.check() == 0
    wallet_id = getattr(watched, wallet)
    await watched.tamper(TAMPERING["held"], wallet=wallet_id)
    assert [await watched.check() for _ in range(2)] == [1, 0]
    assert await watched.status(wallet_id) == "frozen"


async def test_a_known_break_does_not_stop_the_check_of_other_accounts(watched: Watched) -> None:
    await watched.tamper(TAMPERING["balance"], wallet=watched.target)
    assert await watched.check() == 1
    watched.bank.clock.advance(seconds=60)
    await watched.tamper(TAMPERING["balance"], wallet=watched.source)
    assert await watched.check() == 1
    assert REGISTRY.get_sample_value("ledger_checked_timestamp_seconds") == watched.bank.clock.now().timestamp()


async def test_a_vanished_hold_is_found_though_nothing_moved_since(watched: Watched) -> None:
    assert await watched.check() == 0
    await watched.tamper("UPDATE accounts SET held = 0 WHERE id = %(wallet)s", wallet=watched.source)
    assert [await watched.check() for _ in range(2)] == [1, 0]


async def test_a_vanished_hold_does_not_keep_others_from_expiring(watched: Watched) -> None:
    bank = watched.bank
    source = await bank.wallet("10.00")
    bank.clock.advance(seconds=1)
    held = await bank.pay(bank.order(source, watched.target, "10.00", later=True))
    await watched.tamper("UPDATE accounts SET held = 0 WHERE id = %(wallet)s", wallet=watched.source)
    bank.clock.advance(days=8)
    for _ in range(2):
        with pytest.raises(LedgerBroken):
            await bank.expire()
    view = await bank.payments.transfers.find_transfer(transfer_id=held.id)
    assert view.status == "cancelled"


async def test_the_system_accounts_are_checked_too(watched: Watched) -> None:
    await watched.tamper(TAMPERING["balance"], wallet=treasury_id("NAD"))
    assert await watched.check() == 1
    status = await watched.bank.scalar("SELECT status FROM accounts WHERE id = :id", id=treasury_id("NAD"))
    assert status == "frozen"
    assert REGISTRY.get_sample_value("ledger_sum", {"currency": "NAD"}) == 5


async def verified(watched: Watched) -> int:
    settings = PaymentsSettings(database_url=watched.app_url)
    return await ledger(settings, argparse.Namespace(act="verify"))


async def test_the_whole_ledger_is_verified(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    assert await verified(watched) == 0
    reported = capsys.readouterr().out
    assert "The ledger adds up." in reported
    assert "✗" not in reported
    assert (await verified_in_parts(watched))["adds_up"] is True


@pytest.mark.parametrize(
    ("tampering", "rule"),
    [
        (TAMPERING["balance"], "every currency sums to zero"),
        (TAMPERING["balance"], "every balance is the sum of its postings"),
        (TAMPERING["held"], "held amounts are the holds of open transfers"),
        (TAMPERING["chain"], "every posting records the balance that it left"),
        ("UPDATE postings SET amount = amount + 1 WHERE account_id = %(wallet)s", "every entry balances in every currency"),
        ("UPDATE postings SET currency = 'USD' WHERE account_id = %(wallet)s", "postings are in their account's currency"),
        (
            "DELETE FROM postings WHERE account_id = %(wallet)s OR counterparty_id = %(wallet)s",
            "exactly the settled transfers have postings",
        ),
        ("UPDATE transfers SET refunded = 1 WHERE target_id = %(wallet)s", "refunded amounts are the sums of their refunds"),
        # Less than the held amount is left, though not less than zero.
        ("UPDATE accounts SET held = balance + 1 WHERE id = %(wallet)s", "no wallet is below zero or above its ceiling"),
        ("UPDATE accounts SET balance = -1 WHERE id = %(wallet)s", "no wallet is below zero or above its ceiling"),
        ("UPDATE accounts SET ceiling = balance - 1 WHERE id = %(wallet)s", "no wallet is below zero or above its ceiling"),
        (
            "UPDATE transfers SET status = 'reversed' WHERE target_id = %(wallet)s AND status = 'completed'",
            "every reversed transfer has exactly one reversal",
        ),
    ],
)
async def test_verification_names_the_rule_and_the_rows(
    watched: Watched, capsys: pytest.CaptureFixture[str], tampering: str, rule: str
) -> None:
    await watched.tamper(tampering, wallet=watched.target)
    assert await verified(watched) == 1
    reported = capsys.readouterr().out
    assert f"✗ {rule}" in reported
    assert "The ledger does not add up" in reported
    whole = {line.strip().removeprefix("✗ ").rpartition("  (")[0] for line in reported.splitlines() if "✗" in line}
    found: Any = await verified_in_parts(watched)
    assert {finding["rule"] for finding in found["findings"]} == whole
    assert found["adds_up"] is False


async def verified_in_parts(watched: Watched) -> Json:
    """Verify account by account; the last step continues from a checkpoint, as another worker does."""
    checking = CheckWholeLedger(ledger=SqlWholeLedger(watched.bank.database), accounts_a_step=1)
    run = Checkpoints()
    result = await checking(run)
    again = Checkpoints(replace(run.work, checkpoint=run.checkpoints[-2]))
    assert await checking(again) == result
    return result


@dataclass
class Checkpoints:
    work: LongWork = field(default_factory=lambda: LongWork.ask("x", requested_by="x", at=START))
    checkpoints: list[Json] = field(default_factory=list)

    async def progress(self, done: int, *, total: int | None, message: str = "", checkpoint: Json | None = None) -> None:
        assert total is not None
        assert done <= total
        assert message
        # As the database keeps it.
        self.checkpoints += [json.loads(json.dumps(checkpoint))] if checkpoint else []


async def test_a_binary_search_finds_the_same_start_of_a_period_as_a_linear_one(watched: Watched) -> None:
    """Postings of one account among others, at increasing and often equal times."""
    steps = st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=25)

    async def found(connection: psycopg.AsyncConnection[Any], drawn: list[tuple[int, bool]], instant: int) -> None:
        await connection.execute("TRUNCATE postings")
        seconds, mine = 0, new_id()
        expected = 0
        for step, is_mine in drawn:
            seconds += step
            row = await connection.execute(
                "INSERT INTO postings (transfer_id, account_id, counterparty_id, amount, currency, balance_after, posted_at)"
                " VALUES (%s, %s, %s, 1, 'NAD', 1, %s) RETURNING sequence",
                (new_id(), mine if is_mine else new_id(), new_id(), START + timedelta(seconds=seconds)),
            )
            [sequence] = await row.fetchone() or (0,)
            if is_mine and seconds < instant:
                expected = sequence
        row = await connection.execute("SELECT last_sequence_before(%s, %s)", (mine, START + timedelta(seconds=instant)))
        assert await row.fetchone() == (expected,)

    def run_all(url: str) -> None:
        with asyncio.Runner() as runner:

            async def connect() -> psycopg.AsyncConnection[Any]:
                connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
                await connection.execute("CREATE TEMP TABLE postings (LIKE public.postings INCLUDING ALL)")
                return connection

            connection = runner.run(connect())

            @settings(max_examples=60, deadline=None)
            @given(steps, st.integers(-1, 40))
            def holds(drawn: list[tuple[int, bool]], instant: int) -> None:
                runner.run(found(connection, drawn, instant))

            holds()
            runner.run(connection.close())

    await asyncio.to_thread(run_all, watched.owner_url)
