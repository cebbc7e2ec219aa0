"""The gRPC contract with payments, over a real server and a real channel."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar
from uuid import UUID

import grpc.aio
import pytest

from chassis.persistence.database import Database
from chassis.rpc import RemoteError, RpcServer, connect
from chassis.settings import ServiceSettings
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from chassis.testing.faults import FaultProxy
from chassis.testing.running import endpoint, through
from compliance import wiring
from compliance.application import Compliance
from compliance.application.audit.append_facts import AppendFacts
from compliance.domain.merkle import leaf_hash
from compliance.interfaces.grpc import rpc_services
from compliance.wiring import unit_of_work
from elcorp.common.v1.money_pb2 import Money
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc
from kernel.actor import Actor
from kernel.errors import Kind, Unavailable
from kernel.ids import new_id
from services.compliance.tests.entries import entries
from services.compliance.tests.fakes.log_signer import Signer


class PaymentsSettings(ServiceSettings):
    """Payments' settings that calls to compliance need."""

    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("compliance",)


@asynccontextmanager
async def audit_log(compliance: Compliance) -> "AsyncIterator[compliance_pb2_grpc.AuditLogServiceAsyncStub]":
    async with served(compliance) as channel:
        yield compliance_pb2_grpc.AuditLogServiceStub(channel)


@asynccontextmanager
async def screening(compliance: Compliance) -> "AsyncIterator[compliance_pb2_grpc.ScreeningServiceAsyncStub]":
    async with served(compliance) as channel:
        yield compliance_pb2_grpc.ScreeningServiceStub(channel)


@asynccontextmanager
async def served(compliance: Compliance) -> AsyncIterator[grpc.aio.Channel]:
    server = RpcServer("127.0.0.1", 0, rpc_services(compliance))
    await server.start()
    try:
        settings = PaymentsSettings(compliance_target=f"dns:///127.0.0.1:{server.port}")
        async with connect(settings, "compliance") as channel:
            yield channel
    finally:
        await server.stop(0)


def transfer(
    initiator: UUID | None = None, source: UUID | None = None, target: UUID | None = None, organization: UUID | None = None
) -> compliance_pb2.Screening:
    ids = [str(each or new_id()) for each in (initiator, source, target)]
    return compliance_pb2.Screening(
        initiator_id=ids[0],
        source_id=ids[1],
        target_id=ids[2],
        amount=Money(amount="1.00", currency="NAD"),
        organization_id=str(organization) if organization else "",
    )


async def test_each_transfer_gets_a_verdict_in_the_order_of_the_request(database: Database, clock: ControlledClock) -> None:
    compliance = wiring.use_cases(database=database, signer=Signer(), clock=clock)
    blocked, lifted = new_id(), new_id()
    await compliance.screening.place_screening_block(actor=Actor.service("test"), subject_id=blocked, reason="court order")
    block = await compliance.screening.place_screening_block(actor=Actor.service("test"), subject_id=lifted, reason="mistake")
    await compliance.screening.lift_screening_block(actor=Actor.service("test"), block_id=block.id)
    asked = [
        transfer(),
        transfer(initiator=blocked),
        transfer(initiator=lifted),
        transfer(source=blocked),
        transfer(),
        transfer(target=blocked),
        transfer(organization=blocked),
        transfer(organization=new_id()),
    ]

    async with screening(compliance) as stub:
        answer = await stub.ScreenTransfers(compliance_pb2.ScreenTransfersRequest(transfers=asked))

    assert [verdict.clear for verdict in answer.verdicts] == [True, False, True, False, True, False, False, True]
    assert [verdict.reason for verdict in answer.verdicts] == ["", *("court order", "") * 2, "court order", "court order", ""]


async def test_a_thousand_transfers_are_screened_in_one_request(database: Database, clock: ControlledClock) -> None:
    compliance = wiring.use_cases(database=database, signer=Signer(), clock=clock)
    blocked = new_id()
    await compliance.screening.place_screening_block(actor=Actor.service("test"), subject_id=blocked, reason="court order")
    request = compliance_pb2.ScreenTransfersRequest(transfers=[*(transfer() for _ in range(999)), transfer(target=blocked)])

    async with screening(compliance) as stub:
        answer = await stub.ScreenTransfers(request)

    assert [verdict.clear for verdict in answer.verdicts] == [True] * 999 + [False]


def _without_amount() -> compliance_pb2.Screening:
    request = transfer()
    request.ClearField("amount")
    return request


@pytest.mark.parametrize(
    "transfers",
    [
        [],
        [transfer()] * 1001,
        [
            compliance_pb2.Screening(
                initiator_id="me", source_id=str(new_id()), target_id=str(new_id()), amount=Money(amount="1", currency="NAD")
            )
        ],
        [compliance_pb2.Screening()],
        [_without_amount()],
    ],
    ids=["none", "too many", "no UUID", "empty", "no amount"],
)
async def test_requests_that_break_the_contract_are_refused(
    database: Database, clock: ControlledClock, transfers: list[compliance_pb2.Screening]
) -> None:
    async with screening(wiring.use_cases(database=database, signer=Signer(), clock=clock)) as stub:
        with pytest.raises(RemoteError) as refused:
            await stub.ScreenTransfers(compliance_pb2.ScreenTransfersRequest(transfers=transfers))

    assert refused.value.kind is Kind.INVALID


async def test_no_transfer_is_cleared_without_the_database(
    urls: DatabaseUrls, clock: ControlledClock, fault_proxy: Callable[[str, int], Awaitable[FaultProxy]]
) -> None:
    proxy = await fault_proxy(*endpoint(urls.app))
    database = Database.connect(through(urls.app, proxy.port), pool_size=2)
    request = compliance_pb2.ScreenTransfersRequest(transfers=[transfer()])
    try:
        async with screening(wiring.use_cases(database=database, signer=Signer(), clock=clock)) as stub:
            before = await stub.ScreenTransfers(request)
            proxy.refuse()
            with pytest.raises(Unavailable):
                await stub.ScreenTransfers(request)
            await proxy.heal()
            after = await stub.ScreenTransfers(request)
    finally:
        await database.close()

    assert [verdict.clear for verdict in (*before.verdicts, *after.verdicts)] == [True, True]


async def test_the_first_entry_of_a_resource_is_returned_with_its_leaf_hash(database: Database, clock: ControlledClock) -> None:
    compliance = wiring.use_cases(database=database, signer=Signer(), clock=clock)
    append = AppendFacts(unit_of_work(database=database))
    made, other, later = entries(3)
    resource_id = made.resource_id
    await append(entries=[made, other, replace(later, resource_id=resource_id)])

    async with audit_log(compliance) as stub:
        found = await stub.GetFirstEntry(compliance_pb2.GetFirstEntryRequest(resource_id=resource_id))
        with pytest.raises(RemoteError) as missing:
            await stub.GetFirstEntry(compliance_pb2.GetFirstEntryRequest(resource_id=str(new_id())))

    assert (found.sequence, found.leaf_hash) == (0, leaf_hash(made.leaf()))
    assert missing.value.kind is Kind.NOT_FOUND
