"""Orders sent to payments by gRPC, bypassing the gateway, as the benchmark does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest
from journey import Api, Person

from chassis.testing.running import eventually
from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import payments_pb2, payments_pb2_grpc
from elcorp_local.platform import Platform

if TYPE_CHECKING:
    Stub = payments_pb2_grpc.LedgerServiceAsyncStub

pytestmark = pytest.mark.e2e
Holder = Callable[..., Awaitable[Person]]


@pytest.fixture
async def stub(platform: Platform) -> "AsyncIterator[Stub]":
    target = f"127.0.0.1:{platform.processes.ports.of('grpc', 'payments')}"
    async with grpc.aio.insecure_channel(target) as channel:
        yield payments_pb2_grpc.LedgerServiceStub(channel)


async def outcome(stub: "Stub", payer: Person, payee: Person, *, caller: str = "benchmark") -> str:
    """Send an order of one cent; return its status, or the code or status of its refusal."""
    order = payments_pb2.Order(
        key=str(uuid4()),
        initiator_id=payer.user_id,
        source_id=payer.wallet_id,
        target_id=payee.wallet_id,
        amount=money_pb2.Money(amount="0.01", currency="NAD"),
        access_token=payer.access_token,
    )
    request = payments_pb2.PostTransfersRequest(orders=[order])
    try:
        answer = await stub.PostTransfers(request, metadata=(("x-elcorp-service", caller),), timeout=60)
    except grpc.aio.AioRpcError as error:
        return error.code().name
    [one] = answer.outcomes
    return str(one.settled.status or one.refusal.code)


async def balances(api: Api, *people: Person) -> list[str]:
    return [(await api.data("GET", f"/wallets/{each.wallet_id}", by=each))["balance"] for each in people]


async def test_only_the_caller_named_in_the_contract_may_send_orders(api: Api, holder: Holder, stub: "Stub") -> None:
    payer, payee = await holder("Payer", funds="1.00"), await holder("Payee")
    for caller in ("compliance", "gateway", "payments"):
        assert await outcome(stub, payer, payee, caller=caller) == "PERMISSION_DENIED"
    assert await balances(api, payer, payee) == ["1.00", "0.00"]
    assert await outcome(stub, payer, payee) == "completed"
    assert await balances(api, payer, payee) == ["0.99", "0.01"]


@pytest.mark.parametrize("how", ["signed out", "suspended"])
async def test_the_token_of_an_ended_session_moves_no_money_by_grpc_either(
    api: Api, admin: Person, holder: Holder, stub: "Stub", how: str
) -> None:
    payer, payee = await holder("Payer", funds="1.00"), await holder("Payee")
    assert await outcome(stub, payer, payee) == "completed"
    if how == "signed out":
        await api.call("POST", "/auth/logout", by=payer, key=str(uuid4()))
    else:
        await api.call("POST", f"/users/{payer.user_id}/suspend", by=admin, reason="asked for by the police")
    await eventually(lambda: outcome(stub, payer, payee), "AUTH_003")
    before = await balances(api, payee)
    assert await outcome(stub, payer, payee) == "AUTH_003"
    assert await balances(api, payee) == before
