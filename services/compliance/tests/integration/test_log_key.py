"""The log has one signing key, which is sealed, and its creation is recorded. The fake signs as the adapter does."""

import asyncio
import os
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.process_settings import SettingRefused
from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import everything
from compliance.application.ports.audit import LogSigner
from compliance.domain.checkpoint import Checkpoint, MalformedNote
from compliance.infrastructure.log_key import Ed25519LogSigner
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.verifier import ed25519
from elcorp.compliance.v1 import events_pb2
from services.compliance.tests.fakes.log_signer import ORIGIN, Signer
from services.compliance.tests.stored import published

MASTER_KEY = os.urandom(32)
Uow = SqlUnitOfWork[SqlComplianceTransaction]


async def load(uow: Uow, master_key: bytes = MASTER_KEY, *, origin: str = ORIGIN) -> Ed25519LogSigner:
    return await Ed25519LogSigner.load(uow, master_key, ControlledClock(), origin=origin)


async def test_processes_that_start_together_create_and_record_one_key(uow: Uow, database: Database) -> None:
    first, *others = await asyncio.gather(*(load(uow) for _ in range(4)))

    assert {other.key for other in others} == {first.key}
    assert ed25519(first.key.public_key, others[0].sign(b"message"), b"message")
    [(aggregate_id, message)] = await published(database)
    assert isinstance(message, events_pb2.AuditFactsRecorded)
    (fact,) = message.facts
    assert UUID(fact.actor.request_id)
    fact.actor.ClearField("request_id")
    at = Timestamp()
    at.FromDatetime(ControlledClock().now())
    assert (aggregate_id, fact) == (
        None,
        events_pb2.AuditFact(
            producer="compliance",
            action="compliance.log_key.create",
            actor=events_pb2.AuditActor(kind="service", subject_id="compliance"),
            resource_type="log_key",
            resource_id="elcorp.na/audit",
            occurred_at=at,
            after=f'{{"key":"{first.key.text}"}}',
            reason="the log had no key",
        ),
    )


@pytest.fixture(params=["fake", "sealed"])
async def signer(request: pytest.FixtureRequest, uow: Uow) -> LogSigner:
    return Signer() if request.param == "fake" else await load(uow)


async def test_the_key_of_a_signer_verifies_its_checkpoints(signer: LogSigner) -> None:
    checkpoint = Checkpoint(ORIGIN, 3, bytes(32))

    note = checkpoint.sign(signer.key, signer.sign)

    assert (signer.key.name, len(signer.key.public_key)) == (ORIGIN, 32)
    assert Checkpoint.open(note, signer.key, ed25519) == checkpoint
    # Ed25519 is deterministic (RFC 8032 5.1.6).
    assert checkpoint.sign(signer.key, signer.sign) == note
    with pytest.raises(MalformedNote):
        Checkpoint.open(note.replace("\n3\n", "\n4\n"), signer.key, ed25519)
    with pytest.raises(MalformedNote):
        Checkpoint.open(note, Signer().key, ed25519)


async def test_the_name_of_a_log_cannot_change(uow: Uow, database: Database) -> None:
    first = await load(uow)

    with pytest.raises(
        SettingRefused, match=r"ELCORP_LOG_ORIGIN is 'staging.*, but the log in the database is 'elcorp\.na/audit'"
    ):
        await load(uow, origin="staging.elcorp.na/audit")
    assert (await load(uow)).key == first.key
    async with database.read() as connection:
        assert list(await connection.scalars(text("SELECT name FROM log_keys"))) == ["elcorp.na/audit"]


async def test_the_seed_is_sealed(uow: Uow, database: Database) -> None:
    await load(uow)

    async with database.read() as connection:
        (sealed,) = (await connection.execute(text("SELECT sealed_seed FROM log_keys"))).scalars()

    assert len(sealed) == 1 + 12 + 32 + 16
    before = await everything(database)
    with pytest.raises(SettingRefused, match=r"ELCORP_MASTER_KEY does not open the signing key of the log elcorp\.na/audit"):
        await load(uow, os.urandom(32))
    assert await everything(database) == before
