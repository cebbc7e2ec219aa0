from collections.abc import AsyncIterator

import pytest

from chassis.persistence.database import Database
from chassis.testing.callers import also_name
from chassis.testing.clocks import ControlledClock
from elcorp.payments.v1 import payments_pb2_grpc
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, open_bank
from services.payments.tests.contract.outbox import Record
from services.payments.tests.contract.peers import PeerSettings, Stub, calling
from services.payments.tests.contract.pricing_bank import PricingBank, open_pricing_bank
from services.payments.tests.contract.requester import Requester


@pytest.fixture
async def bank(database: Database, clock: ControlledClock) -> AsyncIterator[Bank]:
    async with open_bank(database, clock) as bank:
        yield bank


@pytest.fixture
async def pricing_bank(database: Database, clock: ControlledClock) -> AsyncIterator[PricingBank]:
    async with open_pricing_bank(database, clock) as pricing_bank:
        yield pricing_bank


@pytest.fixture
async def payer(bank: Bank) -> Holder:
    return await bank.holder("1000.00")


@pytest.fixture
async def payee(bank: Bank) -> Holder:
    return await bank.holder()


@pytest.fixture
def record(bank: Bank, payer: Holder, payee: Holder) -> Record:
    """Read what happens after the parties' wallets were opened and the payer's was funded."""
    return Record(bank.database, bank.clock)


@pytest.fixture
def rules(bank: Bank) -> None:
    """Require an approval for every file of 100.00 or more."""
    bank.prices.rules = approval_from("100")


@pytest.fixture
async def stub(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stub]:
    """A gRPC stub as a peer would use it, if the contract named one."""
    also_name(monkeypatch, PeerSettings.NAME)
    async with calling(bank) as channel:
        yield payments_pb2_grpc.LedgerServiceStub(channel)


@pytest.fixture
async def requester(bank: Bank, stub: Stub) -> Requester:
    return await Requester.open(bank, stub)
