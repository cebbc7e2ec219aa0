"""Payments' reaction to identity's events: open wallets, stop suspended users, remove the names of erased users."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from sqlalchemy import text

from chassis.messaging.contracts import Subscription, spec_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import AlreadyHandled, Delivery, current_delivery
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.projections.copied_rows import CopiedRow
from chassis.projections.follower import Projection
from chassis.testing.clocks import ControlledClock
from elcorp.governance.v1 import events_pb2 as governance
from elcorp.identity.v1 import events_pb2 as identity
from elcorp.options.v1 import options_pb2
from elcorp.payments.v1 import events_pb2
from kernel.actor import Actor
from kernel.errors import Unavailable
from kernel.feeds import FeedPage
from kernel.ids import new_id
from kernel.pages import PageRequest
from payments.application.erasures.acknowledge_erasure import FILES, LEDGER, AcknowledgeErasure
from payments.application.payers.stop_payer import StopPayer
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
from payments.domain.errors import PayerClosed, PayerSuspended
from payments.domain.standing import Standing
from payments.infrastructure.copies import GRANT_ROWS, GRANTS, STANDING_ROWS, STANDINGS, copy_grants, copy_standing
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from payments.infrastructure.sql.wallets import SqlWalletViews
from payments.interfaces.subscriptions import subscriptions
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Record
from services.payments.tests.contract.ways import WAYS
from services.payments.tests.fakes.authority import FakeAuthority

SERVICE = Actor.service("payments")


class NoFeed:
    """Events alone: nothing reads the producer's feed here."""

    async def page(self, cursor: str) -> FeedPage[CopiedRow]:
        raise NotImplementedError(cursor)


class IdentityEvents:
    """Delivers messages to payments' handlers, as its consumer does."""

    def __init__(
        self, uow: SqlUnitOfWork[SqlPaymentsTransaction], database: Database, clock: ControlledClock, authority: FakeAuthority
    ) -> None:
        self.open_wallet = OpenIssuedWallet(uow, clock)
        self.wallets = SqlWalletViews(database)
        self._database = database
        self._clock = clock
        made = subscriptions(
            self.open_wallet,
            AcknowledgeErasure(uow, self.wallets, clock),
            StopPayer(uow, authority, clock),
            copy_standing=copy_standing(Projection(database, STANDINGS, STANDING_ROWS, NoFeed(), seconds_max=3)),
            copy_grants=copy_grants(Projection(database, GRANTS, GRANT_ROWS, NoFeed(), seconds_max=3)),
        )
        self._handlers = {each.message_class: each.handler for each in made if isinstance(each, Subscription)}

    async def __call__(self, message: Message, *, message_id: UUID | None = None) -> None:
        spec = spec_of(type(message))
        delivery: Delivery[Any] = Delivery(
            message_id=message_id or new_id(),
            type=spec.type,
            producer="identity",
            occurred_at=self._clock.now(),
            message=message,
        )
        token = current_delivery.set(delivery)
        try:
            await self._handlers[type(message)](delivery)
        finally:
            current_delivery.reset(token)

    async def acknowledged(self) -> list[events_pb2.ErasureAcknowledged]:
        query = text("SELECT payload FROM outbox WHERE type = 'payments.erasure.acknowledged' ORDER BY position")
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [events_pb2.ErasureAcknowledged.FromString(bytes(payload)) for (payload,) in rows]


@pytest.fixture
def identity_events(uow: SqlUnitOfWork[SqlPaymentsTransaction], database: Database, bank: Bank) -> IdentityEvents:
    return IdentityEvents(uow, database, bank.clock, bank.authority)


def test_every_event_that_names_payments_as_its_consumer_is_consumed(identity_events: IdentityEvents) -> None:
    types = {spec_of(message_class).type for message_class in identity_events._handlers}
    named = {
        spec_of(message_class).type
        for contract in (identity, governance)
        for message_class in map(GetMessageClass, contract.DESCRIPTOR.message_types_by_name.values())
        if message_class.DESCRIPTOR.GetOptions().HasExtension(options_pb2.event)
        and "payments" in spec_of(message_class).consumers
    }
    # The worker subscribes to decisions on approvals beside these (test_approvals_received.py).
    assert types | {spec_of(governance.ApprovalDecided).type} == named


async def test_a_further_address_gets_one_wallet_of_its_currency(identity_events: IdentityEvents) -> None:
    user, address = new_id(), new_id()
    message = identity.WalletAddressIssued(user_id=str(user), address=str(address), currency="ELC")
    for _ in range(2):
        await identity_events(message)
    (wallet,) = (await identity_events.wallets.of_owner(user, PageRequest())).items
    assert (wallet.id, wallet.currency) == (address, "ELC")


async def test_an_erased_users_wallet_names_are_removed_and_the_remaining_money_is_reported(
    identity_events: IdentityEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More wallets than fit on a page.
    monkeypatch.setattr("payments.application.erasures.acknowledge_erasure.PER_PAGE_MAX", 2)
    user, erasure = new_id(), new_id()
    for name, currency in (("Rent", "NAD"), ("", "USD"), ("Maria's school", "NAD")):
        await identity_events.open_wallet(actor=SERVICE, wallet_id=new_id(), owner_id=user, currency=currency, name=name)
    message = identity.ErasureRequested(erasure_id=str(erasure), user_id=str(user))
    await identity_events(message)
    wallets = (await identity_events.wallets.of_owner(user, PageRequest())).items
    assert [wallet.name for wallet in wallets] == ["", "", ""]
    (answer,) = await identity_events.acknowledged()
    assert (answer.erasure_id, answer.user_id, list(answer.kept)) == (str(erasure), str(user), [LEDGER])
    assert not answer.HasField("retain_until")


async def test_a_message_delivered_again_has_no_second_effect_and_a_new_one_is_handled(identity_events: IdentityEvents) -> None:
    message = identity.ErasureRequested(erasure_id=str(new_id()), user_id=str(new_id()))
    message_id = new_id()
    await identity_events(message, message_id=message_id)
    with pytest.raises(AlreadyHandled):
        await identity_events(message, message_id=message_id)
    assert len(await identity_events.acknowledged()) == 1
    await identity_events(message)
    assert len(await identity_events.acknowledged()) == 2


async def test_files_that_are_kept_are_reported(identity_events: IdentityEvents, bank: Bank) -> None:
    payer, payee = await bank.holder("10.00"), await bank.holder()
    answer = await bank.post("/transfers/bulk", payer.user_id, WAYS["/transfers/bulk"][0](payer, payee, "10.00"))
    await bank.run_bulk(answer.json()["data"]["id"])
    await identity_events(identity.ErasureRequested(erasure_id=str(new_id()), user_id=str(payer.user_id)))
    assert list((await identity_events.acknowledged())[-1].kept) == [LEDGER, FILES]


async def test_money_that_was_not_withdrawn_is_reported(identity_events: IdentityEvents, bank: Bank) -> None:
    holder = await bank.holder("12.50")
    await identity_events(identity.ErasureRequested(erasure_id=str(new_id()), user_id=str(holder.user_id)))
    assert list((await identity_events.acknowledged())[-1].kept) == [LEDGER, "wallets: money of NAD that was not taken out"]


async def test_an_erased_users_schedules_end_and_those_of_others_continue(identity_events: IdentityEvents, bank: Bank) -> None:
    erased, other = await bank.holder("12.50"), await bank.holder("12.50")
    planned = []
    for payer, payee in ((erased, other), (other, erased), (erased, other)):
        body = {
            "source_wallet_id": str(payer.wallet_id),
            "target_wallet_id": str(payee.wallet_id),
            "amount": "1.00",
            "currency": "NAD",
            "frequency": "daily",
            "starts_at": (bank.clock.now() + timedelta(hours=1)).isoformat(),
        }
        planned.append((await bank.post("/transfers/schedules", payer.user_id, body)).json()["data"])
    paused = f"/transfers/schedules/{planned[2]['id']}/pause"
    assert (await bank.post(paused, erased.user_id)).status_code == 200
    for _ in range(2):
        await identity_events(identity.ErasureRequested(erasure_id=str(new_id()), user_id=str(erased.user_id)))
    found = [(await bank.staff("GET", f"/transfers/schedules/{one['id']}")).json()["data"] for one in planned]
    assert [(one["status"], one["next_at"] is None) for one in found] == [
        ("cancelled", True),
        ("active", False),
        ("cancelled", True),
    ]


@dataclass
class Ordered:
    """A payer's open orders: a daily schedule, a paused schedule and a file."""

    payer: Holder
    schedule: str
    paused: str
    bulk: str

    async def statuses(self, bank: Bank) -> tuple[str, str, str]:
        schedule, paused = [
            (await bank.get(f"/transfers/schedules/{id_}", self.payer.user_id)).json()["data"]
            for id_ in (self.schedule, self.paused)
        ]
        bulk = (await bank.get(f"/transfers/bulk/{self.bulk}", self.payer.user_id)).json()["data"]
        return schedule["status"], paused["status"], bulk["status"]

    async def reasons(self, bank: Bank) -> tuple[str | None, str | None, str | None]:
        schedule, paused = [
            (await bank.get(f"/transfers/schedules/{id_}", self.payer.user_id)).json()["data"]
            for id_ in (self.schedule, self.paused)
        ]
        bulk = (await bank.get(f"/transfers/bulk/{self.bulk}", self.payer.user_id)).json()["data"]
        return schedule["status_reason"], paused["status_reason"], bulk["reason"]


async def ordered(bank: Bank, payee: Holder) -> Ordered:
    payer = await bank.holder("100.00")
    schedule = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "1.00",
        "currency": "NAD",
        "frequency": "daily",
        "starts_at": (bank.clock.now() + timedelta(hours=1)).isoformat(),
    }
    ids = [(await bank.post("/transfers/schedules", payer.user_id, schedule)).json()["data"]["id"] for _ in range(2)]
    assert (await bank.post(f"/transfers/schedules/{ids[1]}/pause", payer.user_id)).status_code == 200
    file = {
        "source_wallet_id": str(payer.wallet_id),
        "currency": "NAD",
        "mode": "best_effort",
        "lines": [{"target_wallet_id": str(payee.wallet_id), "amount": "5.00"}],
    }
    bulk_id = (await bank.post("/transfers/bulk", payer.user_id, file)).json()["data"]["id"]
    return Ordered(payer, ids[0], ids[1], bulk_id)


def news(payer: Holder, status: str) -> identity.UserStatusChanged:
    return identity.UserStatusChanged(user_id=str(payer.user_id), status=status, reason="reported as stolen")


async def test_a_suspension_pauses_schedules_and_cancels_files_at_once_only_for_that_user(
    identity_events: IdentityEvents, bank: Bank, payee: Holder
) -> None:
    barred, other = await ordered(bank, payee), await ordered(bank, payee)
    bank.authority.standing[barred.payer.user_id] = Standing.SUSPENDED
    record = Record(bank.database, bank.clock)
    await record.skip()

    await identity_events(news(barred.payer, "suspended"))

    assert await barred.statuses(bank) == ("paused", "paused", "cancelled")
    assert await barred.reasons(bank) == (PayerSuspended().message, None, PayerSuspended().message)
    assert await other.statuses(bank) == ("active", "paused", "accepted")
    messages, facts = await record.news()
    assert {type(message) for message in messages} == {events_pb2.ScheduleChanged, events_pb2.BulkCompleted}
    found = [(fact.action, fact.resource[1], fact.by, fact.reason) for fact in facts]
    why = PayerSuspended().message
    assert found == [
        ("payments.schedule.pause", barred.schedule, ("service", "payments"), why),
        ("payments.bulk.cancel", barred.bulk, ("service", "payments"), why),
    ]


async def test_a_reactivated_payer_resumes_and_occurrences_during_the_suspension_are_skipped(
    identity_events: IdentityEvents, bank: Bank, payee: Holder
) -> None:
    barred = await ordered(bank, payee)
    payer = barred.payer
    bank.authority.standing[payer.user_id] = Standing.SUSPENDED
    await identity_events(news(payer, "suspended"))
    bank.wait(days=2, seconds=7200)
    assert await bank.run_schedules() == 0

    bank.authority.standing.clear()
    await identity_events(news(payer, "active"))
    assert await bank.run_schedules() == 0
    resumed = await bank.post(f"/transfers/schedules/{barred.schedule}/resume", payer.user_id)
    assert (resumed.json()["data"]["status"], resumed.json()["data"]["status_reason"]) == ("active", None)
    assert await bank.run_schedules() == 0
    bank.wait(days=1)
    assert await bank.run_schedules() == 1
    assert await bank.wallet(payee) == ("1.00", "0.00", "1.00")


@pytest.mark.parametrize("status", ["deleted", "restricted", "erased"])
async def test_a_closed_account_has_its_schedules_and_files_cancelled(
    identity_events: IdentityEvents, bank: Bank, payee: Holder, status: str
) -> None:
    barred = await ordered(bank, payee)
    bank.authority.standing[barred.payer.user_id] = Standing.CLOSED
    await identity_events(news(barred.payer, status))
    assert await barred.statuses(bank) == ("cancelled", "cancelled", "cancelled")
    assert await barred.reasons(bank) == (PayerClosed().message,) * 3


async def test_a_suspended_account_that_is_then_closed_has_no_open_order_left(
    identity_events: IdentityEvents, bank: Bank, payee: Holder
) -> None:
    barred = await ordered(bank, payee)
    for status, standing in (("suspended", Standing.SUSPENDED), ("deleted", Standing.CLOSED)):
        bank.authority.standing[barred.payer.user_id] = standing
        await identity_events(news(barred.payer, status))
    assert await barred.statuses(bank) == ("cancelled", "cancelled", "cancelled")


async def test_the_event_of_a_suspension_delivered_twice_stops_orders_once(
    identity_events: IdentityEvents, bank: Bank, payee: Holder
) -> None:
    barred = await ordered(bank, payee)
    bank.authority.standing[barred.payer.user_id] = Standing.SUSPENDED
    message_id = new_id()
    await identity_events(news(barred.payer, "suspended"), message_id=message_id)
    record = Record(bank.database, bank.clock)
    await record.skip()
    with pytest.raises(AlreadyHandled):
        await identity_events(news(barred.payer, "suspended"), message_id=message_id)
    # Another message suspends the user again; nothing is left to stop.
    await identity_events(news(barred.payer, "suspended"))
    assert await record.news() == ([], [])
    assert await barred.statuses(bank) == ("paused", "paused", "cancelled")


async def test_the_event_of_a_suspension_after_the_reactivation_stops_nothing(
    identity_events: IdentityEvents, bank: Bank, payee: Holder
) -> None:
    payer = await ordered(bank, payee)
    for status in ("active", "suspended", "deleted"):
        await identity_events(news(payer.payer, status))
    assert await payer.statuses(bank) == ("active", "paused", "accepted")


async def test_events_are_retried_while_identity_does_not_answer(
    identity_events: IdentityEvents, bank: Bank, payee: Holder
) -> None:
    barred = await ordered(bank, payee)
    bank.authority.standing[barred.payer.user_id] = Standing.SUSPENDED
    message, message_id = news(barred.payer, "suspended"), new_id()
    bank.authority.away = True
    with pytest.raises(Unavailable):
        await identity_events(message, message_id=message_id)
    assert await barred.statuses(bank) == ("active", "paused", "accepted")
    bank.authority.away = False
    await identity_events(message, message_id=message_id)
    assert await barred.statuses(bank) == ("paused", "paused", "cancelled")


async def test_an_erased_users_files_are_cancelled(identity_events: IdentityEvents, bank: Bank, payee: Holder) -> None:
    erased, other = await ordered(bank, payee), await ordered(bank, payee)
    for _ in range(2):
        await identity_events(identity.ErasureRequested(erasure_id=str(new_id()), user_id=str(erased.payer.user_id)))
    assert await erased.statuses(bank) == ("cancelled", "cancelled", "cancelled")
    assert await erased.reasons(bank) == ("erased", "erased", "erased")
    assert await other.statuses(bank) == ("active", "paused", "accepted")
