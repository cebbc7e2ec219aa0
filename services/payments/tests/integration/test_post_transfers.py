import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from kernel.actor import Actor, ActorKind
from kernel.errors import KeyReused, NotFound, Unavailable
from kernel.ids import new_id
from kernel.money import Money
from payments.application.issuances.issue_money import IssueMoney
from payments.application.ports.transfers import Request, Settled
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import QueuedRequest
from payments.application.transfers.transfer_tokens import TransferTokens
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
from payments.domain.account import treasury_id
from payments.domain.errors import InsufficientFunds, LimitExceeded, NotPositive, NotTheOwner, ScreeningRefused, SelfTransfer
from payments.domain.events import TransferSettled
from payments.domain.limits import LimitBook
from payments.domain.transfer_order import TransferKind, TransferOrder, leg_key
from payments.infrastructure.group_commit import GroupCommit
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.posting import posting
from services.payments.tests.unit.prices import limit
from services.payments.tests.units_of_work import NotedUnitOfWork


def user(user_id: UUID) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(user_id), ip="192.0.2.7", user_agent="test")


class SmallBank:
    """Two people with a wallet each; she has 1,000.00."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.uow, self.screening, self.clock = NotedUnitOfWork(database), FakeScreening(), ControlledClock()
        self.cashier = GroupCommit(posting(self.uow, self.screening, self.clock))
        self.transfer_tokens = TransferTokens(self.cashier)
        self.issue_money = IssueMoney(self.cashier)
        self.open_wallet = OpenIssuedWallet(self.uow, self.clock)
        self.ndapewa, self.johannes, self.admin = new_id(), new_id(), new_id()
        self.hers, self.his = new_id(), new_id()

    async def open(self) -> "SmallBank":
        for wallet, owner in ((self.hers, self.ndapewa), (self.his, self.johannes)):
            await self.open_wallet(actor=Actor.service("payments"), wallet_id=wallet, owner_id=owner, currency="NAD")
        await self.issue_money(
            actor=user(self.admin), key="issue", wallet_id=self.hers, amount=Money.of("1000", "NAD"), reason="test"
        )
        return self

    def order(self, amount: str, *, key: str = "k", by: UUID | None = None, **changes: object) -> TransferOrder:
        values: dict[str, object] = {
            "kind": TransferKind.TRANSFER,
            "key": key,
            "initiator_id": by or self.ndapewa,
            "source_id": self.hers,
            "target_id": self.his,
            "amount": Money.of(amount, "NAD"),
            "description": "rent",
            **changes,
        }
        return TransferOrder(**values)  # type: ignore[arg-type]  # tests choose which

    async def pay(self, amount: str, **changes: Any) -> Settled:
        order = self.order(amount, **changes)
        return await self.transfer_tokens(actor=user(order.initiator_id), order=order)

    async def rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.execute(text(query), parameters)]

    async def balance(self, account: UUID) -> Decimal:
        [(balance,)] = await self.rows("SELECT balance FROM accounts WHERE id = :id", id=account)
        return Decimal(balance)


@pytest.fixture
async def bank(database: Database) -> SmallBank:
    return await SmallBank(database).open()


async def test_a_transfer_moves_the_money_once_and_is_recorded(bank: SmallBank) -> None:
    settled = await bank.pay("250.00")
    again = await bank.pay("250.00")
    assert again.transfer.id == settled.transfer.id
    assert (settled.replayed, again.replayed) == (False, True)
    assert (await bank.balance(bank.hers), await bank.balance(bank.his)) == (Decimal(750), Decimal(250))
    assert await bank.rows("SELECT sum(balance) FROM accounts") == [(Decimal(0),)]
    facts = [fact for fact in bank.uow.facts if fact.action == "payments.transfer.settle"]
    assert len(facts) == 1
    assert facts[0].before == {"source_balance": "1000.00", "target_balance": "0.00"}
    assert facts[0].after == {
        "source_balance": "750.00",
        "target_balance": "250.00",
        "amount": "250.00",
        "currency": "NAD",
        "status": "completed",
    }


async def test_a_transfer_beyond_the_balance_is_refused_and_its_key_can_be_used_again(bank: SmallBank) -> None:
    with pytest.raises(InsufficientFunds):
        await bank.pay("10000.00", key="big")
    assert await bank.balance(bank.hers) == Decimal(1000)
    assert (await bank.pay("10.00", key="big")).replayed is False


async def test_a_key_used_for_another_order_is_refused(bank: SmallBank) -> None:
    await bank.pay("1.00")
    with pytest.raises(KeyReused):
        await bank.pay("2.00")
    assert await bank.balance(bank.his) == Decimal(1)


async def test_keys_of_two_people_do_not_collide(bank: SmallBank) -> None:
    await bank.pay("5.00", key="same")
    theirs = await bank.pay("5.00", key="same", by=bank.johannes, source_id=bank.his, target_id=bank.hers)
    assert theirs.replayed is False


@pytest.mark.parametrize("amount", ["0", "-1", "-0.00"])
async def test_only_positive_amounts_move(bank: SmallBank, amount: str) -> None:
    with pytest.raises(NotPositive):
        await bank.pay(amount)


async def test_wrong_owners_and_wallets_are_refused(bank: SmallBank) -> None:
    with pytest.raises(NotTheOwner):
        await bank.pay("1.00", by=bank.johannes)
    with pytest.raises(SelfTransfer):
        await bank.pay("1.00", target_id=bank.hers)
    with pytest.raises(NotFound):
        await bank.pay("1.00", target_id=new_id())
    with pytest.raises(NotFound):
        await bank.pay("1.00", source_id=treasury_id("NAD"))
    with pytest.raises(NotFound):
        await bank.pay("1.00", target_id=treasury_id("NAD"))
    assert await bank.balance(bank.hers) == Decimal(1000)


async def test_a_refused_order_does_not_affect_other_orders_of_the_batch(bank: SmallBank) -> None:
    results = await asyncio.gather(
        bank.pay("100.00", key="a"),
        bank.pay("9999.00", key="b"),
        bank.pay("100.00", key="a"),
        bank.pay("900.00", key="c"),
        bank.pay("0.01", key="d"),
        return_exceptions=True,
    )
    assert isinstance(results[1], InsufficientFunds)
    assert isinstance(results[4], InsufficientFunds)
    first, twin, last = results[0], results[2], results[3]
    assert isinstance(first, Settled)
    assert isinstance(twin, Settled)
    assert isinstance(last, Settled)
    assert twin.replayed
    assert twin.transfer.id == first.transfer.id
    assert (await bank.balance(bank.hers), await bank.balance(bank.his)) == (Decimal(0), Decimal(1000))


async def test_orders_that_arrive_together_share_a_screening_call(bank: SmallBank) -> None:
    before = bank.screening.calls
    await asyncio.gather(*(bank.pay("1.00", key=f"k{n}") for n in range(50)))
    assert bank.screening.calls - before <= 2
    assert await bank.balance(bank.his) == Decimal(50)


async def test_while_compliance_is_away_nothing_is_posted(bank: SmallBank) -> None:
    bank.screening.away = True
    with pytest.raises(Unavailable):
        await bank.pay("1.00")
    assert await bank.balance(bank.his) == Decimal(0)
    bank.screening.away = False
    assert (await bank.pay("1.00")).replayed is False


async def test_a_blocked_payer_is_refused_without_the_reason_and_the_refusal_is_recorded(bank: SmallBank) -> None:
    bank.screening.blocked.add(bank.ndapewa)
    with pytest.raises(ScreeningRefused) as refusal:
        await bank.pay("1.00")
    assert "list" not in str(refusal.value)
    assert bank.uow.facts[-1].action == "payments.transfer.refuse"
    assert bank.uow.facts[-1].reason == "on the list"


async def test_opening_a_wallet_twice_changes_nothing(bank: SmallBank) -> None:
    await bank.open_wallet(actor=Actor.service("payments"), wallet_id=bank.hers, owner_id=bank.ndapewa, currency="NAD")
    assert await bank.balance(bank.hers) == Decimal(1000)


async def test_orders_beyond_the_longest_queue_are_unavailable(bank: SmallBank) -> None:
    cashier = GroupCommit(posting(bank.uow, bank.screening, bank.clock), waiting_max=3)
    bank.transfer_tokens = TransferTokens(cashier)
    results = await asyncio.gather(*(bank.pay("1.00", key=f"k{n}") for n in range(10)), return_exceptions=True)
    assert sum(isinstance(result, Unavailable) for result in results) == 7
    assert await bank.balance(bank.his) == Decimal(3)


async def test_a_batch_refused_because_a_peer_is_away_is_not_retried_order_by_order(bank: SmallBank) -> None:
    asked = bank.screening.calls
    bank.screening.away = True

    results = await asyncio.gather(*(bank.pay("1.00", key=f"k{n}") for n in range(5)), return_exceptions=True)

    assert [type(result) for result in results] == [Unavailable] * 5
    assert bank.screening.calls == asked + 1
    assert (await bank.balance(bank.hers), await bank.balance(bank.his)) == (Decimal(1000), Decimal(0))


async def test_refused_linked_orders_leave_no_trace_in_other_orders_of_the_batch(bank: SmallBank) -> None:
    prices = FakePrices(limit_book=LimitBook([limit(day_max="500")]))
    post = posting(bank.uow, bank.screening, bank.clock, prices)
    linked = (bank.order("300", key="k"), bank.order("1", key=leg_key("k", 1), target_id=new_id()))
    requests = [linked, (bank.order("500", key="alone"),), (bank.order("0.01", key="beyond"),)]
    refused, settled, beyond = await post([QueuedRequest(Request(orders, user(bank.ndapewa))) for orders in requests])
    assert (type(refused), type(beyond)) == (NotFound, LimitExceeded)
    assert isinstance(settled, Sequence)
    [made] = settled
    assert made.transfer.order.key == "alone"
    spending = "SELECT day_total, month_total FROM spending WHERE owner_id = :owner AND currency = 'NAD'"
    assert await bank.rows(spending, owner=bank.ndapewa) == [(Decimal(500), Decimal(500))]
    assert await bank.rows("SELECT balance, version FROM accounts WHERE id = :id", id=bank.hers) == [(Decimal(500), 2)]
    assert [event.transfer_id for event in bank.uow.events if isinstance(event, TransferSettled)][1:] == [made.transfer.id]


async def test_a_cancelled_caller_does_not_keep_others_from_a_response(bank: SmallBank) -> None:
    post, began, goes_on = posting(bank.uow, bank.screening, bank.clock), asyncio.Event(), asyncio.Event()

    async def slowly(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        began.set()
        await goes_on.wait()
        return await post(waiting)

    bank.transfer_tokens = TransferTokens(GroupCommit(slowly))
    gave_up, stays = (asyncio.create_task(bank.pay("1.00", key=key)) for key in "ab")
    await began.wait()
    gave_up.cancel()
    goes_on.set()
    assert (await stays).replayed is False
    # The transfer was made, as its key shows.
    assert (await bank.pay("1.00", key="a")).replayed is True
    assert await bank.balance(bank.his) == Decimal(2)


async def test_a_batch_that_hangs_fails_and_the_next_one_is_settled(bank: SmallBank) -> None:
    post, hangs = posting(bank.uow, bank.screening, bank.clock), iter([True])

    async def hang_once(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        if next(hangs, False):
            await asyncio.Event().wait()
        return await post(waiting)

    cashier = GroupCommit(hang_once, batch_seconds_max=0.1)
    bank.transfer_tokens = TransferTokens(cashier)
    with pytest.raises(Unavailable):
        await bank.pay("1.00", key="a")
    cashier._batch_seconds_max = 60
    assert (await bank.pay("1.00", key="a")).replayed is False
    assert await bank.balance(bank.his) == Decimal(1)


async def test_an_order_whose_caller_is_gone_before_its_batch_begins_is_not_made(bank: SmallBank) -> None:
    post, began, goes_on = posting(bank.uow, bank.screening, bank.clock), asyncio.Event(), asyncio.Event()

    async def slowly(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        began.set()
        await goes_on.wait()
        return await post(waiting)

    bank.transfer_tokens = TransferTokens(GroupCommit(slowly, batch_max=1))
    first, gone = (asyncio.create_task(bank.pay("1.00", key=key)) for key in "ab")
    await began.wait()
    gone.cancel()
    goes_on.set()
    await first
    assert (await bank.pay("1.00", key="b")).replayed is False
    assert await bank.balance(bank.his) == Decimal(2)


async def test_a_batch_that_is_cut_off_leaves_no_caller_waiting(bank: SmallBank) -> None:
    post, cuts = posting(bank.uow, bank.screening, bank.clock), iter([True])

    async def cut_off_once(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        if next(cuts, False):
            await asyncio.sleep(0)
            raise asyncio.CancelledError
        return await post(waiting)

    cashier = GroupCommit(cut_off_once, batch_max=2)
    bank.transfer_tokens = TransferTokens(cashier)
    results = await asyncio.gather(*(bank.pay("1.00", key=f"k{n}") for n in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 5
    assert (await bank.pay("1.00", key="k0")).replayed is False
