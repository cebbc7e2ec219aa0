"""Payments' gRPC requests to compliance: screening, and the audit log's hash of a transfer."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest

from elcorp.common.v1 import money_pb2
from elcorp.compliance.v1 import compliance_pb2
from kernel.errors import AccessDenied, DomainError, Unavailable
from kernel.ids import new_id
from payments.application.ports.screening import Verdict
from payments.infrastructure.screening import ORDERS_MAX
from services.payments.tests.contract.compliance import Peers, Verdicts, compliance_as_peer
from services.payments.tests.unit.books import order

BLOCKED = UUID(int=99)


@pytest.fixture
async def peers() -> AsyncIterator[Peers]:
    async with compliance_as_peer() as peers:
        peers.compliance.blocked.add(BLOCKED)
        yield peers


async def test_compliance_receives_the_user_and_both_wallets_and_the_amount(peers: Peers) -> None:
    asked = order("250.01")
    assert await peers.screening.screen([asked]) == [Verdict(clear=True)]
    assert peers.compliance.asked == [
        [
            compliance_pb2.Screening(
                initiator_id=str(asked.initiator_id),
                source_id=str(asked.source_id),
                target_id=str(asked.target_id),
                amount=money_pb2.Money(amount="250.01", currency="NAD"),
            )
        ]
    ]


async def test_each_of_many_orders_gets_its_own_verdict(peers: Peers) -> None:
    blocked = {0, ORDERS_MAX - 1, ORDERS_MAX, 2 * ORDERS_MAX}
    orders = [order(target_id=BLOCKED) if n in blocked else order() for n in range(2 * ORDERS_MAX + 1)]
    verdicts = await peers.screening.screen(orders)
    assert [len(asked) for asked in peers.compliance.asked] == [ORDERS_MAX, ORDERS_MAX, 1]
    assert {n for n, verdict in enumerate(verdicts) if verdict == Verdict(clear=False, reason="on the list")} == blocked
    assert sum(verdict == Verdict(clear=True) for verdict in verdicts) == len(orders) - len(blocked)


@pytest.mark.parametrize(
    "answers", [lambda verdicts: verdicts[:-1], lambda verdicts: [*verdicts, verdicts[0]], lambda _verdicts: []]
)
async def test_a_response_that_does_not_match_the_request_clears_nothing(
    peers: Peers, answers: Callable[[Verdicts], Verdicts]
) -> None:
    peers.compliance.answers = answers
    with pytest.raises(Unavailable):
        await peers.screening.screen([order(), order()])


async def test_an_error_of_the_audit_log_is_raised(peers: Peers) -> None:
    peers.compliance.refusal = AccessDenied()
    with pytest.raises(DomainError) as refused:
        await peers.audit_log.leaf_hash(new_id())
    assert refused.value.kind is AccessDenied.kind
