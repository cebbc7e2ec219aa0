"""The `work` process asks the services for their journals over gRPC, and names the facts that RabbitMQ or an outbox lost."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from prometheus_client import REGISTRY

from chassis.messaging.relay import Relay
from chassis.persistence.database import Database
from chassis.rpc import RpcServer, RpcService, connect
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually, free_port, running
from compliance.application.audit.views import MissingFactFilter
from compliance.application.ports.completeness import JournalAway
from compliance.bootstrap import comparing, working
from compliance.infrastructure.journals import PeerJournal
from compliance.infrastructure.sql.completeness import SqlCompletenessViews
from compliance.interfaces.check_producers import check_producers
from compliance.settings import ComplianceSettings
from elcorp.payments.v1 import payments_pb2
from elcorp.platform.v1 import journal_pb2_grpc
from kernel.pages import CursorRequest
from services.compliance.tests.producers import PAYMENTS, Producer

QUEUE = "compliance.audit"
JOURNAL = "elcorp.platform.v1.JournalService"


@pytest.fixture
async def emptied(broker_url: str) -> str:
    """The broker, with the queue emptied of messages of earlier tests."""
    async with await aio_pika.connect(broker_url) as connection, connection.channel() as channel:
        await channel.queue_delete(QUEUE)
    return broker_url


@pytest.fixture
async def settings(urls: DatabaseUrls, emptied: str, producer: Producer) -> AsyncIterator[ComplianceSettings]:
    """Settings of compliance, with payments as its only peer that answers. A fact has a second from its number to the log."""
    nobody = f"dns:///127.0.0.1:{free_port()}"
    async with served(producer.servicer) as target:
        given = {
            "database_url": urls.app,
            "database_relay_url": urls.relay,
            "rabbitmq_url": emptied,
            "master_key": base64.b64encode(bytes(32)).decode(),
            "payments_target": target,
            "identity_target": nobody,
            "governance_target": nobody,
            "reconcile_seconds": 0.2,
            "reconcile_grace_seconds": 1,
        }
        yield ComplianceSettings.model_validate(given)


@asynccontextmanager
async def served(servicer: journal_pb2_grpc.JournalServiceServicer) -> AsyncIterator[str]:
    journal = RpcService(journal_pb2_grpc.add_JournalServiceServicer_to_server, servicer, JOURNAL)
    # Clients watch the health of the peer's own service, of which no method is called here.
    ledger = RpcService(
        lambda _servicer, _server: None, None, payments_pb2.DESCRIPTOR.services_by_name["LedgerService"].full_name
    )
    server = RpcServer("127.0.0.1", 0, [ledger, journal])
    await server.start()
    try:
        yield f"dns:///127.0.0.1:{server.port}"
    finally:
        await server.stop(0)


async def open_findings(database: Database) -> list[tuple[str, int]]:
    wanted = MissingFactFilter(producer="payments", is_open=True)
    page = await SqlCompletenessViews(database).missing_facts(wanted, CursorRequest(limit=100))
    return [(str(each.kind), each.number) for each in page.items]


async def test_a_deleted_outbox_row_and_a_purged_queue_are_named(
    settings: ComplianceSettings, database: Database, producer: Producer, capsys: pytest.CaptureFixture[str]
) -> None:
    relay = Relay(producer.urls.relay, settings.rabbitmq_url.get_secret_value(), PAYMENTS)

    async def numbered() -> int:
        return (await producer.page(after=0)).last_number

    await producer.record(2)
    await producer.damage("DELETE FROM outbox WHERE position = (SELECT max(position) FROM outbox)")
    async with running(relay.run):
        # The relay declares the queue of its consumer, which does not run yet.
        await eventually(producer.unsent, 0)
        async with (
            await aio_pika.connect(settings.rabbitmq_url.get_secret_value()) as connection,
            connection.channel() as channel,
        ):
            queue = await channel.get_queue(QUEUE)
            await queue.purge()
            await producer.record(3)
            await eventually(producer.unsent, 0)
            await eventually(numbered, 5)
        async with working(settings) as parts, running(*parts.background):
            await eventually(lambda: open_findings(database), [("missing", 2), ("missing", 1)])

            def measured() -> list[float | None]:
                names = ("audit_facts_missing", "audit_journal_flaws")
                return [REGISTRY.get_sample_value(name, {"producer": "payments"}) for name in names]

            await eventually(measured, [2, 0])
            # Findings are audit facts, which take the same way as all others.
            own = SqlCompletenessViews(database)

            async def compared() -> list[str]:
                return [each.producer for each in await own.producers() if each.reconciled_at]

            await eventually(compared, ["compliance", "payments"])
    async with comparing(settings) as check:
        assert await check_producers(check, from_entry=0) == 1
    printed = capsys.readouterr().out
    assert printed.count("BROKEN: payments: ") == 2
    assert "identity: not checked to the end" in printed


async def test_a_service_without_a_journal_is_away(settings: ComplianceSettings) -> None:
    """As one that does not answer, or the previous release."""
    async with connect(settings, "identity") as channel:
        with pytest.raises(JournalAway):
            await PeerJournal(channel).page(after=0)
