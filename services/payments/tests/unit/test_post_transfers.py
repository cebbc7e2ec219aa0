import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from kernel.actor import Actor, ActorKind
from kernel.errors import KeyReused, NotFound, Unavailable
from kernel.ids import new_id
from kernel.money import Money
from payments.application.issuances.issue_money import IssueMoney
from payments.application.ports.transfers import Request, Settled
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import Waiting
from payments.application.transfers.transfer_tokens import TransferTokens
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
from payments.domain.account import Account, AccountKind, treasury_id
from payments.domain.errors import InsufficientFunds, LimitExceeded, NotPositive, NotTheOwner, ScreeningRefused, SelfTransfer
from payments.domain.events import TransferSettled
from payments.domain.limits import Limits
from payments.domain.transfer_order import TransferKind, TransferOrder, leg_key
from payments.infrastructure.group_commit import GroupCommit
from services.payments.tests.fakes import FakePrices, FakeScreening, FakeUnitOfWork, posting
from services.payments.tests.unit.prices import limit


def user(user_id: UUID) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(user_id), ip="192.0.2.7", user_agent="test")


class Bench:
    """Payments on fakes: two people with a wallet each, and the treasury."""

    def __init__(self) -> None:
        self.uow, self.screening, self.clock = FakeUnitOfWork(), FakeScreening(), ControlledClock()
        self.cashier = GroupCommit(posting(self.uow, self.screening, self.clock))
        self.transfer_tokens = TransferTokens(self.cashier)
        self.issue_money = IssueMoney(self.cashier)
        self.open_wallet = OpenIssuedWallet(self.uow, self.clock)
        self.ndapewa, self.johannes, self.admin = new_id(), new_id(), new_id()
        self.hers, self.his = new_id(), new_id()

    async def open(self) -> "Bench":
        for currency in ("NAD", "ELC"):
            treasury = Account(treasury_id(currency), AccountKind.SYSTEM, None, currency, Decimal(0), 0, self.clock.now())
            self.uow.committed.accounts[treasury.id] = treasury
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

    def balance(self, account: UUID) -> Decimal:
        return self.uow.committed.accounts[account].balance


@pytest.fixture
async def bench() -> Bench:
    return await Bench().open()


async def test_a_transfer_moves_the_money_once_and_is_accounted_for(bench: Bench) -> None:
    settled = await bench.pay("250.00")
    again = await bench.pay("250.00")
    assert again.transfer.id == settled.transfer.id
    assert (settled.replayed, again.replayed) == (False, True)
    assert (bench.balance(bench.hers), bench.balance(bench.his)) == (Decimal(750), Decimal(250))
    assert sum(account.balance for account in bench.uow.committed.accounts.values()) == 0
    facts = [fact for fact in bench.uow.committed.facts if fact.action == "payments.transfer.settle"]
    assert len(facts) == 1
    assert facts[0].before == {"source_balance": "1000.00", "target_balance": "0.00"}
    assert facts[0].after == {
        "source_balance": "750.00",
        "target_balance": "250.00",
        "amount": "250.00",
        "currency": "NAD",
        "status": "completed",
    }


async def test_more_than_she_has_is_refused_and_the_key_is_not_burnt(bench: Bench) -> None:
    with pytest.raises(InsufficientFunds):
        await bench.pay("10000.00", key="big")
    assert bench.balance(bench.hers) == Decimal(1000)
    assert (await bench.pay("10.00", key="big")).replayed is False


async def test_a_key_reused_for_something_else_is_refused(bench: Bench) -> None:
    await bench.pay("1.00")
    with pytest.raises(KeyReused):
        await bench.pay("2.00")
    assert bench.balance(bench.his) == Decimal(1)


async def test_keys_of_two_people_do_not_meet(bench: Bench) -> None:
    await bench.pay("5.00", key="same")
    theirs = await bench.pay("5.00", key="same", by=bench.johannes, source_id=bench.his, target_id=bench.hers)
    assert theirs.replayed is False


@pytest.mark.parametrize("amount", ["0", "-1", "-0.00"])
async def test_only_positive_amounts_move(bench: Bench, amount: str) -> None:
    with pytest.raises(NotPositive):
        await bench.pay(amount)


async def test_refusals_of_who_and_where(bench: Bench) -> None:
    with pytest.raises(NotTheOwner):
        await bench.pay("1.00", by=bench.johannes)
    with pytest.raises(SelfTransfer):
        await bench.pay("1.00", target_id=bench.hers)
    with pytest.raises(NotFound):
        await bench.pay("1.00", target_id=new_id())
    with pytest.raises(NotFound):
        await bench.pay("1.00", source_id=treasury_id("NAD"))
    with pytest.raises(NotFound):
        await bench.pay("1.00", target_id=treasury_id("NAD"))
    assert bench.balance(bench.hers) == Decimal(1000)


async def test_one_refused_order_does_not_disturb_its_neighbours(bench: Bench) -> None:
    results = await asyncio.gather(
        bench.pay("100.00", key="a"),
        bench.pay("9999.00", key="b"),
        bench.pay("100.00", key="a"),
        bench.pay("900.00", key="c"),
        bench.pay("0.01", key="d"),
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
    assert (bench.balance(bench.hers), bench.balance(bench.his)) == (Decimal(0), Decimal(1000))


async def test_orders_that_arrive_together_share_a_screening_call(bench: Bench) -> None:
    before = bench.screening.calls
    await asyncio.gather(*(bench.pay("1.00", key=f"k{n}") for n in range(50)))
    assert bench.screening.calls - before <= 2
    assert bench.balance(bench.his) == Decimal(50)


async def test_compliance_away_posts_nothing(bench: Bench) -> None:
    bench.screening.away = True
    with pytest.raises(Unavailable):
        await bench.pay("1.00")
    assert bench.balance(bench.his) == Decimal(0)
    bench.screening.away = False
    assert (await bench.pay("1.00")).replayed is False


async def test_a_blocked_payer_is_refused_without_being_told_why_and_it_is_recorded(bench: Bench) -> None:
    bench.screening.blocked.add(bench.ndapewa)
    with pytest.raises(ScreeningRefused) as refusal:
        await bench.pay("1.00")
    assert "list" not in str(refusal.value)
    assert bench.uow.committed.facts[-1].action == "payments.transfer.refuse"
    assert bench.uow.committed.facts[-1].reason == "on the list"


async def test_opening_a_wallet_twice_changes_nothing(bench: Bench) -> None:
    await bench.open_wallet(actor=Actor.service("payments"), wallet_id=bench.hers, owner_id=bench.ndapewa, currency="NAD")
    assert bench.balance(bench.hers) == Decimal(1000)


async def test_too_many_waiting_are_told_to_come_back(bench: Bench) -> None:
    cashier = GroupCommit(posting(bench.uow, bench.screening, bench.clock), waiting_max=3)
    bench.transfer_tokens = TransferTokens(cashier)
    results = await asyncio.gather(*(bench.pay("1.00", key=f"k{n}") for n in range(10)), return_exceptions=True)
    assert sum(isinstance(result, Unavailable) for result in results) == 7
    assert bench.balance(bench.his) == Decimal(3)


async def test_a_batch_that_a_peers_silence_refuses_is_not_tried_again_one_by_one(bench: Bench) -> None:
    asked = bench.screening.calls
    bench.screening.away = True

    results = await asyncio.gather(*(bench.pay("1.00", key=f"k{n}") for n in range(5)), return_exceptions=True)

    assert [type(result) for result in results] == [Unavailable] * 5
    assert bench.screening.calls == asked + 1
    assert (bench.balance(bench.hers), bench.balance(bench.his)) == (Decimal(1000), Decimal(0))


async def test_linked_orders_that_are_refused_leave_nothing_to_their_neighbours_in_the_batch(bench: Bench) -> None:
    prices = FakePrices(limit_book=Limits([limit(day_max="500")]))
    post = posting(bench.uow, bench.screening, bench.clock, prices)
    linked = (bench.order("300", key="k"), bench.order("1", key=leg_key("k", 1), target_id=new_id()))
    requests = [linked, (bench.order("500", key="alone"),), (bench.order("0.01", key="beyond"),)]
    refused, settled, beyond = await post([Waiting(Request(orders, user(bench.ndapewa))) for orders in requests])
    assert (type(refused), type(beyond)) == (NotFound, LimitExceeded)
    assert isinstance(settled, Sequence)
    [made] = settled
    assert made.transfer.order.key == "alone"
    spending = bench.uow.committed.spending[bench.ndapewa, "NAD"]
    assert (spending.day_total, spending.month_total) == (Decimal(500), Decimal(500))
    account = bench.uow.committed.accounts[bench.hers]
    assert (account.balance, account.version) == (Decimal(500), 2)
    assert [event.transfer_id for event in bench.uow.committed.events if isinstance(event, TransferSettled)][1:] == [
        made.transfer.id
    ]


async def test_a_caller_that_gave_up_keeps_nobody_from_an_answer(bench: Bench) -> None:
    post, began, goes_on = posting(bench.uow, bench.screening, bench.clock), asyncio.Event(), asyncio.Event()

    async def slowly(waiting: Sequence[Waiting]) -> Sequence[Outcome]:
        began.set()
        await goes_on.wait()
        return await post(waiting)

    bench.transfer_tokens = TransferTokens(GroupCommit(slowly))
    gave_up, stays = (asyncio.create_task(bench.pay("1.00", key=key)) for key in "ab")
    await began.wait()
    gave_up.cancel()
    goes_on.set()
    assert (await stays).replayed is False
    # What was asked for has happened, and the key tells.
    assert (await bench.pay("1.00", key="a")).replayed is True
    assert bench.balance(bench.his) == Decimal(2)


async def test_a_batch_that_is_cut_off_leaves_nobody_waiting(bench: Bench) -> None:
    post, cuts = posting(bench.uow, bench.screening, bench.clock), iter([True])

    async def cut_off_once(waiting: Sequence[Waiting]) -> Sequence[Outcome]:
        if next(cuts, False):
            await asyncio.sleep(0)
            raise asyncio.CancelledError
        return await post(waiting)

    cashier = GroupCommit(cut_off_once, batch_max=2)
    bench.transfer_tokens = TransferTokens(cashier)
    results = await asyncio.gather(*(bench.pay("1.00", key=f"k{n}") for n in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 5
    assert (await bench.pay("1.00", key="k0")).replayed is False
