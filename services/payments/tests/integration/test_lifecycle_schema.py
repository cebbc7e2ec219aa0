"""The database enforces the rules of transfers and accounts, whatever the code does."""

from typing import Any, Final
from uuid import UUID

import psycopg
import pytest

from chassis.testing.databases import DatabaseUrls
from kernel.ids import new_id
from payments.domain.account import SystemCode, system_account_id, treasury_id

TREASURY = treasury_id("NAD")
Connection = psycopg.AsyncConnection[Any]


async def wallet(connection: Connection, balance: str = "10") -> UUID:
    wallet_id = new_id()
    await connection.execute(
        "INSERT INTO accounts (id, kind, owner_id, currency, balance, version, opened_at)"
        " VALUES (%s, 'wallet', %s, 'NAD', %s, 0, now())",
        (wallet_id, new_id(), balance),
    )
    return wallet_id


async def insert(connection: Connection, target: UUID, **columns: Any) -> UUID:
    values: dict[str, Any] = {
        "id": new_id(),
        "kind": "issuance",
        "initiator_id": new_id(),
        "idempotency_key": "k",
        "source_id": TREASURY,
        "target_id": target,
        "amount": 5,
        "currency": "NAD",
        "description": "",
        **columns,
    }
    names = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    await connection.execute(f"INSERT INTO transfers ({names}) VALUES ({places})", values)  # column names of this test
    return values["id"]  # type: ignore[no-any-return]


async def held(connection: Connection, target: UUID, **columns: Any) -> UUID:
    return await insert(connection, target, status="pending", held=5, **columns)


async def update(connection: Connection, transfer_id: UUID, change: str) -> None:
    await connection.execute(f"UPDATE transfers SET {change} WHERE id = %s", (transfer_id,))  # columns of this test


@pytest.mark.parametrize("status", ["frozen", "closed"])
async def test_an_account_that_is_not_open_does_not_move(database_urls: DatabaseUrls, status: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        wallet_id = await wallet(connection, "10" if status == "frozen" else "0")
        shut = "UPDATE accounts SET status = %s, closed_at = CASE WHEN %s = 'closed' THEN now() END WHERE id = %s"
        await connection.execute("UPDATE accounts SET held = 1 WHERE id = %s AND balance > 0", (wallet_id,))
        await connection.execute(shut, (status, status, wallet_id))
        for change in ("balance = balance + 1", "held = held + 1"):
            with pytest.raises(psycopg.errors.CheckViolation, match=rf"is {status}|closed_is_empty"):
                await connection.execute(f"UPDATE accounts SET {change} WHERE id = %s", (wallet_id,))  # columns of this test
        # Held money may still be released.
        await connection.execute("UPDATE accounts SET held = 0 WHERE id = %s", (wallet_id,))


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("held = 11", "wallet_never_negative"),
        ("held = -1", "held_not_negative"),
        ("ceiling = 9", "within_ceiling"),
        ("status = 'closed', closed_at = now()", "closed_is_empty"),
        ("status = 'asleep'", "accounts_status_check"),
    ],
)
async def test_an_invalid_account_is_refused(database_urls: DatabaseUrls, change: str, constraint: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        wallet_id = await wallet(connection)
        with pytest.raises(psycopg.errors.CheckViolation, match=constraint):
            await connection.execute(f"UPDATE accounts SET {change} WHERE id = %s", (wallet_id,))  # columns of this test


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"settled_at": None}, "settled_is_posted"),
        ({"status": "pending", "settled_at": "now"}, "settled_is_posted"),
        ({"settled_at": "now", "held": 1}, "only_open_ones_hold"),
        ({"settled_at": "now", "kind": "refund"}, "refunds_have_an_original"),
        ({"settled_at": "now", "captured": 6}, "transfers_check"),
        ({"settled_at": "now", "refunded": 6}, "transfers_check|given_back_of_what_moved"),
        ({"settled_at": "now", "captured": 2, "refunded": 3}, "given_back_of_what_moved"),
        ({"settled_at": "now", "decided_by": new_id()}, "decided_at_a_time"),
        ({"settled_at": "now", "refunded": -1}, "transfers_check"),
        ({"settled_at": "now", "target_amount": 1, "target_currency": "USD"}, "converted_whole"),
        ({"settled_at": "now", "amount": 0}, "amount"),
    ],
)
async def test_an_invalid_transfer_is_refused(database_urls: DatabaseUrls, columns: dict[str, Any], constraint: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        wallet_id = await wallet(connection)
        with pytest.raises(psycopg.errors.CheckViolation, match=constraint):
            await insert(connection, wallet_id, **columns)


async def test_nobody_decides_on_their_own_transfer(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        initiator = new_id()
        transfer_id = await held(connection, await wallet(connection), initiator_id=initiator)
        with pytest.raises(psycopg.errors.CheckViolation, match="decided_by_another"):
            await connection.execute(
                "UPDATE transfers SET version = version + 1, decided_by = %s, decided_at = now() WHERE id = %s",
                (initiator, transfer_id),
            )


FORWARD = "version = version + 1, "


async def test_the_order_of_a_transfer_does_not_change_and_versions_increase_by_one(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        transfer_id = await held(connection, await wallet(connection))
        for change in (
            "amount = 4",
            f"target_id = '{TREASURY}', source_id = target_id",
            "description = 'gift'",
            "metadata = '{\"a\": 1}'",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation, match="asked for cannot change"):
                await update(connection, transfer_id, FORWARD + change)
        for change in ("reason = 'x'", "version = version + 2", "version = version - 1"):
            with pytest.raises(psycopg.errors.RestrictViolation, match="cannot go"):
                await update(connection, transfer_id, change)


@pytest.mark.parametrize("end", ["failed", "cancelled", "completed"])
async def test_an_ended_transfer_only_moves_forward(database_urls: DatabaseUrls, end: str) -> None:
    settled = ", settled_at = now()" if end == "completed" else ""
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        transfer_id = await held(connection, await wallet(connection))
        with pytest.raises(psycopg.errors.RestrictViolation, match="cannot go"):
            await update(connection, transfer_id, FORWARD + "status = 'pending_approval'")
        await update(connection, transfer_id, f"{FORWARD} held = 0, status = '{end}'{settled}")
        for status in ("pending", "pending_approval", "failed", "cancelled"):
            with pytest.raises(psycopg.errors.RestrictViolation, match="cannot go"):
                await update(connection, transfer_id, f"{FORWARD} settled_at = NULL, status = '{status}'")


async def refund(connection: Connection, original: UUID, target: UUID, amount: int, **columns: Any) -> None:
    """Insert a refund, and record it on its original."""
    async with connection.transaction():
        # To the payer or to any other wallet: another rule limits where a refund goes.
        await insert(
            connection,
            await wallet(connection),
            kind="refund",
            source_id=target,
            parent_id=original,
            amount=amount,
            settled_at="now",
            idempotency_key=str(new_id()),
        )
        recorded = columns.get("recorded", amount)
        await update(connection, original, f"{FORWARD} refunded = refunded + {recorded}")


async def test_the_refunded_amount_only_grows_and_never_exceeds_what_moved(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        target = await wallet(connection)
        original = await insert(connection, target, settled_at="now", captured=4)
        await refund(connection, original, target, 3)
        with pytest.raises(psycopg.errors.RestrictViolation, match="cannot go"):
            await update(connection, original, FORWARD + "refunded = 2")
        with pytest.raises(psycopg.errors.CheckViolation, match="given_back_of_what_moved"):
            await refund(connection, original, target, 2)
        await refund(connection, original, target, 1)


async def test_the_refunded_amount_is_the_sum_of_the_refunds(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        target = await wallet(connection)
        original = await insert(connection, target, settled_at="now")
        with pytest.raises(psycopg.errors.CheckViolation, match="does not add up"):
            await refund(connection, original, target, 2, recorded=1)
        with pytest.raises(psycopg.errors.CheckViolation, match="does not add up"):
            await update(connection, original, FORWARD + "refunded = 1")
        with pytest.raises(psycopg.errors.CheckViolation, match="does not add up"):
            await insert(
                connection,
                await wallet(connection),
                kind="refund",
                source_id=target,
                parent_id=original,
                amount=1,
                settled_at="now",
                idempotency_key="r",
            )
        await refund(connection, original, target, 2)


async def reverse(connection: Connection, original: UUID, target: UUID) -> UUID:
    async with connection.transaction():
        await update(connection, original, f"{FORWARD} status = 'reversed'")
        return await insert(
            connection, target, kind="reversal", parent_id=original, settled_at="now", idempotency_key=str(new_id())
        )


async def test_a_transfer_is_reversed_once_and_by_a_reversal(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        target = await wallet(connection)
        original = await insert(connection, target, settled_at="now")
        with pytest.raises(psycopg.errors.CheckViolation, match="does not add up"):
            await update(connection, original, f"{FORWARD} status = 'reversed'")
        with pytest.raises(psycopg.errors.CheckViolation, match="does not add up"):
            await insert(connection, target, kind="reversal", parent_id=original, settled_at="now", idempotency_key="v")
        reversal = await reverse(connection, original, target)
        with pytest.raises(psycopg.errors.UniqueViolation, match="transfers_reversed_once"):
            await insert(connection, target, kind="reversal", parent_id=original, settled_at="now")
        with pytest.raises(psycopg.errors.CheckViolation, match="does not add up"):
            await reverse(connection, reversal, target)


@pytest.mark.parametrize("goes_on", ["status = 'pending'", "status = 'completed', held = 0, settled_at = now()"])
async def test_a_transfer_that_awaits_approval_continues_only_after_a_decision(database_urls: DatabaseUrls, goes_on: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        waiting = await insert(connection, await wallet(connection), status="pending_approval", held=5)
        with pytest.raises(psycopg.errors.RestrictViolation, match="nobody has decided"):
            await update(connection, waiting, FORWARD + goes_on)
        await update(connection, waiting, f"{FORWARD} decided_by = gen_random_uuid(), decided_at = now(), {goes_on}")


async def test_transfers_and_accounts_are_never_deleted(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        await held(connection, await wallet(connection))
    for url in (database_urls.app, database_urls.owner):
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            for table in ("transfers", "accounts"):
                for removal in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # tables of this test
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        await connection.execute(removal)


async def owner_of(connection: Connection, wallet_id: UUID) -> UUID:
    row = await (await connection.execute("SELECT owner_id FROM accounts WHERE id = %s", (wallet_id,))).fetchone()
    assert row
    owner: UUID = row[0]
    return owner


SYSTEM: Final = [system_account_id(code, "NAD") for code in SystemCode]


@pytest.mark.parametrize("kind", ["transfer", "payment", "conversion", "issuance"])
async def test_only_a_reversal_pays_system_accounts(database_urls: DatabaseUrls, kind: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        payer, payee = await wallet(connection), await wallet(connection)
        source = TREASURY if kind == "issuance" else payer
        columns: dict[str, Any] = {"kind": kind, "source_id": source, "initiator_id": await owner_of(connection, payer)}
        for target in SYSTEM:
            if target != source:
                for held_amount in ({"status": "pending", "held": 5}, {"settled_at": "now"}):
                    with pytest.raises(psycopg.errors.CheckViolation, match="that it may not be between"):
                        await insert(connection, target, **columns, **held_amount)
        assert await insert(connection, payee, **columns, status="pending", held=5)


async def test_a_refund_is_between_wallets(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        payer, payee = await wallet(connection), await wallet(connection)
        original = await insert(connection, payer, settled_at="now")
        for account in SYSTEM:
            for source, target in ((payer, account), (account, payee)):
                with pytest.raises(psycopg.errors.CheckViolation, match="that it may not be between"):
                    await insert(connection, target, kind="refund", source_id=source, parent_id=original, settled_at="now")


@pytest.mark.parametrize("kind", ["transfer", "payment", "conversion"])
async def test_money_leaves_a_wallet_only_by_order_of_its_owner(database_urls: DatabaseUrls, kind: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        payer, payee = await wallet(connection), await wallet(connection)
        for source in [*SYSTEM, payer]:
            with pytest.raises(psycopg.errors.CheckViolation, match="that it may not be between"):
                await insert(connection, payee, kind=kind, source_id=source, status="pending", held=5)


async def test_only_the_treasury_issues(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        payer, payee = await wallet(connection), await wallet(connection)
        for source in [payer, *SYSTEM]:
            if source != TREASURY:
                with pytest.raises(psycopg.errors.CheckViolation, match="that it may not be between"):
                    await insert(connection, payee, source_id=source, settled_at="now")


@pytest.mark.parametrize("kind", ["transfer", "conversion"])
async def test_a_merchants_wallet_accepts_payments_only(database_urls: DatabaseUrls, kind: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        payer, shop = await wallet(connection), await wallet(connection)
        await connection.execute("UPDATE accounts SET usage = 'merchant' WHERE id = %s", (shop,))
        columns: dict[str, Any] = {"source_id": payer, "initiator_id": await owner_of(connection, payer), "settled_at": "now"}
        with pytest.raises(psycopg.errors.CheckViolation, match="that it may not be between"):
            await insert(connection, shop, kind=kind, **columns)
        assert await insert(connection, shop, kind="payment", **columns)


async def test_system_accounts_are_not_merchants(database_urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.CheckViolation, match="only_wallets_are_a_merchants"):
            await connection.execute("UPDATE accounts SET usage = 'merchant' WHERE id = %s", (TREASURY,))


@pytest.mark.parametrize("party", ["source", "target"])
async def test_nobody_decides_on_a_transfer_that_they_pay_or_receive(database_urls: DatabaseUrls, party: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        payer, payee = await wallet(connection), await wallet(connection)
        decider = await owner_of(connection, payer if party == "source" else payee)
        # Ordered by a third person, so that no other constraint applies.
        async with connection.transaction():
            original = await insert(connection, payer, settled_at="now", refunded=5)
            transfer_id = await insert(
                connection,
                payee,
                source_id=payer,
                kind="refund",
                parent_id=original,
                idempotency_key="w",
                status="pending_approval",
                held=5,
            )
        with pytest.raises(psycopg.errors.CheckViolation, match="who pays or receives it"):
            await update(connection, transfer_id, f"{FORWARD} decided_by = '{decider}', decided_at = now()")
        await update(connection, transfer_id, f"{FORWARD} decided_by = '{new_id()}', decided_at = now()")


@pytest.mark.parametrize("status", ["pending", "pending_approval"])
async def test_an_account_that_holds_are_to_be_paid_into_stays_open(database_urls: DatabaseUrls, status: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as connection:
        empty = await wallet(connection, "0")
        waiting = await insert(connection, empty, status=status, held=5)
        close = "UPDATE accounts SET status = 'closed', closed_at = now() WHERE id = %s"
        with pytest.raises(psycopg.errors.CheckViolation, match="holds wait to be paid into"):
            await connection.execute(close, (empty,))
        await update(connection, waiting, f"{FORWARD} status = 'cancelled', held = 0, closed_at = now()")
        await connection.execute(close, (empty,))
