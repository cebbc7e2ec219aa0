"""The log's signing key: one, sealed, and its making is told."""

import asyncio
import os

import pytest
from sqlalchemy import text

from chassis.crypto import UnsealableError
from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.unit_of_work import SqlUnitOfWork
from compliance.infrastructure.log_key import Ed25519LogSigner
from compliance.infrastructure.repositories import SqlComplianceTransaction
from compliance.verifier import ed25519
from elcorp.compliance.v1 import events_pb2

MASTER_KEY = os.urandom(32)
Uow = SqlUnitOfWork[SqlComplianceTransaction]


async def load(uow: Uow, master_key: bytes = MASTER_KEY) -> Ed25519LogSigner:
    return await Ed25519LogSigner.load(uow, master_key, ControlledClock(), origin="elcorp.na/audit")


async def test_processes_that_start_together_have_one_key_and_tell_once_of_its_making(uow: Uow, database: Database) -> None:
    first, *others = await asyncio.gather(*(load(uow) for _ in range(4)))

    assert {other.key for other in others} == {first.key}
    assert ed25519(first.key.public_key, others[0].sign(b"message"), b"message")
    async with database.read() as connection:
        (payload,) = (await connection.execute(text("SELECT payload FROM outbox"))).scalars()
    (fact,) = events_pb2.AuditFactsRecorded.FromString(bytes(payload)).facts
    assert (fact.action, fact.resource_type, fact.resource_id) == ("compliance.log_key.create", "log_key", "elcorp.na/audit")
    assert fact.after == f'{{"key":"{first.key.text}"}}'


async def test_the_seed_is_sealed(uow: Uow, database: Database) -> None:
    await load(uow)

    async with database.read() as connection:
        (sealed,) = (await connection.execute(text("SELECT sealed_seed FROM log_keys"))).scalars()

    assert len(sealed) == 1 + 12 + 32 + 16
    with pytest.raises(UnsealableError):
        await load(uow, os.urandom(32))
