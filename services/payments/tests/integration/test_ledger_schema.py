"""The database enforces the ledger's rules, whatever the code does."""

from uuid import UUID

import psycopg
import pytest

from chassis.testing.databases import DatabaseUrls
from kernel.ids import new_id
from payments.domain.account import treasury_id

TREASURY = treasury_id("NAD")


async def open_wallet(connection: psycopg.AsyncConnection, balance: str = "0") -> UUID:
    wallet_id = new_id()
    await connection.execute(
        "INSERT INTO accounts (id, kind, owner_id, currency, balance, version, opened_at)"
        " VALUES (%s, 'wallet', %s, 'NAD', %s, 0, now())",
        (wallet_id, new_id(), balance),
    )
    return wallet_id


async def transfer(connection: psycopg.AsyncConnection, target: UUID, key: str = "k") -> UUID:
    transfer_id = new_id()
    await connection.execute(
        "INSERT INTO transfers"
        " (id, kind, initiator_id, idempotency_key, source_id, target_id, amount, currency, description, settled_at)"
        " VALUES (%s, 'issuance', %s, %s, %s, %s, 5, 'NAD', '', now())",
        (transfer_id, TREASURY, key, TREASURY, target),
    )
    return transfer_id


def legs(*amounts: str) -> str:
    values = ", ".join(f"(%(transfer)s, %(account)s, %(account)s, {amount}, 'NAD', 0, now())" for amount in amounts)
    return (
        "INSERT INTO postings (transfer_id, account_id, counterparty_id, amount, currency, balance_after, posted_at) "
        f"VALUES {values}"
    )


async def test_a_wallet_cannot_go_below_zero_or_above_the_range_of_its_column(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        wallet_id = await open_wallet(connection, "10")
        for balance in ("-0.00000001", "1000000000000"):
            with pytest.raises(psycopg.errors.CheckViolation, match="wallet_never_negative"):
                await connection.execute("UPDATE accounts SET balance = %s WHERE id = %s", (balance, wallet_id))
        await connection.execute("UPDATE accounts SET balance = -5000000000000 WHERE id = %s", (TREASURY,))


async def test_an_entry_that_does_not_sum_to_zero_is_refused(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        wallet_id = await open_wallet(connection)
        transfer_id = await transfer(connection, wallet_id)
        facts = {"transfer": transfer_id, "account": wallet_id}
        for amounts in (("5",), ("5", "-4"), ("5", "-5", "1")):
            with pytest.raises(psycopg.errors.CheckViolation, match="unbalanced entry"):
                await connection.execute(legs(*amounts), facts)
        await connection.execute(legs("5", "-5"), facts)


async def test_a_posting_has_the_currency_of_its_account(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        wallet_id = await open_wallet(connection)
        facts = {"transfer": await transfer(connection, wallet_id), "account": wallet_id}
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="posted_in_its_currency"):
            await connection.execute(legs("5", "-5").replace("NAD", "USD"), facts)


async def test_postings_are_never_changed_or_deleted(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        wallet_id = await open_wallet(connection)
        await connection.execute(legs("5", "-5"), {"transfer": await transfer(connection, wallet_id), "account": wallet_id})
    for url in (database_urls.app, database_urls.owner):
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            for change in ("UPDATE postings SET amount = 1", "DELETE FROM postings", "TRUNCATE postings"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    await connection.execute(change)


async def test_one_key_has_one_transfer(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        wallet_id = await open_wallet(connection)
        await transfer(connection, wallet_id)
        with pytest.raises(psycopg.errors.UniqueViolation):
            await transfer(connection, wallet_id)
