"""Screening and the audit log: one suite for the fakes and for the adapters, which use a real server and channel."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from kernel.errors import Unavailable
from kernel.ids import new_id
from payments.application.ports.audit_log import AuditLog
from payments.application.ports.screening import Screening, Verdict
from payments.infrastructure.screening import ORDERS_MAX
from services.payments.tests.contract.compliance import compliance_as_peer
from services.payments.tests.fakes.audit_log import FakeAuditLog
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.unit.books import order

CLEAR, BLOCKED = Verdict(clear=True), Verdict(clear=False, reason="on the list")
HASH = "ab" * 32


@dataclass
class Given:
    """The ports, and how a test changes what compliance answers."""

    screening: Screening
    audit_log: AuditLog
    block: Callable[[UUID], None]
    record: Callable[[UUID, str], None]
    stop: Callable[[], Awaitable[None]]


@pytest.fixture(params=["fake", "compliance"])
async def given(request: pytest.FixtureRequest) -> AsyncIterator[Given]:
    if request.param == "fake":
        screening, audit_log = FakeScreening(), FakeAuditLog()

        async def stop() -> None:
            screening.away = audit_log.away = True

        yield Given(screening, audit_log, screening.blocked.add, audit_log.hashes.__setitem__, stop)
        return
    async with compliance_as_peer() as peers:
        logged = peers.compliance.logged
        yield Given(
            peers.screening,
            peers.audit_log,
            peers.compliance.blocked.add,
            lambda transfer_id, leaf_hash: logged.update({str(transfer_id): bytes.fromhex(leaf_hash)}),
            lambda: peers.server.stop(grace_seconds=0),
        )


@pytest.mark.parametrize("party", ["initiator_id", "source_id", "target_id"])
async def test_an_order_is_cleared_unless_its_user_or_a_wallet_is_blocked(given: Given, party: str) -> None:
    blocked = new_id()
    given.block(blocked)
    assert await given.screening.screen([order(), order(**{party: blocked}), order()]) == [CLEAR, BLOCKED, CLEAR]


@pytest.mark.parametrize("count", [0, 1, ORDERS_MAX, 2 * ORDERS_MAX + 1])
async def test_a_batch_of_any_size_gets_one_verdict_per_order(given: Given, count: int) -> None:
    blocked = new_id()
    given.block(blocked)
    orders = [order(target_id=new_id() if number % 7 else blocked) for number in range(count)]
    assert list(await given.screening.screen(orders)) == [CLEAR if number % 7 else BLOCKED for number in range(count)]


async def test_without_an_answer_of_compliance_no_order_has_a_verdict(given: Given) -> None:
    await given.stop()
    with pytest.raises(Unavailable):
        await given.screening.screen([order()])


async def test_a_transfer_has_a_leaf_hash_once_it_is_on_the_log(given: Given) -> None:
    transfer_id = new_id()
    assert await given.audit_log.leaf_hash(transfer_id) is None
    given.record(transfer_id, HASH)
    assert await given.audit_log.leaf_hash(transfer_id) == HASH
    assert await given.audit_log.leaf_hash(new_id()) is None


async def test_while_the_log_does_not_answer_a_transfer_has_no_leaf_hash(given: Given) -> None:
    transfer_id = new_id()
    given.record(transfer_id, HASH)
    await given.stop()
    assert await given.audit_log.leaf_hash(transfer_id) is None
