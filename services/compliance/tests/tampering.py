"""A log that an attacker with every right in its database changes, and notes of it that were kept elsewhere."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from chassis.crypto import SigningKey
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.findings import Finding
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.application.ports.audit import KeptNote
from compliance.domain.checkpoint import Checkpoint, VerifierKey
from compliance.domain.merkle import STORED_LEVELS, Frontier, Node
from compliance.infrastructure.log_key import Ed25519LogSigner
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.wiring import check_log
from services.compliance.tests.entries import entries
from services.compliance.tests.fakes.log_signer import ORIGIN

MASTER_KEY = os.urandom(32)
FILE = "kept.txt"


@dataclass(frozen=True)
class KeptLog:
    """A log whose key and checkpoints an auditor has kept."""

    database: Database
    uow: SqlUnitOfWork[SqlComplianceTransaction]
    superuser_url: str
    signer: Ed25519LogSigner
    notes: Sequence[str]

    @property
    def key(self) -> VerifierKey:
        return self.signer.key

    async def check(self, **options: Any) -> Finding:
        return await check_log(database=self.database, master_keys=(MASTER_KEY,))(**options)

    async def check_from_outside(self, *notes: str) -> list[str]:
        """Return what is found with the kept key, and the kept notes or other ones."""
        kept = [KeptNote(FILE, note) for note in notes or self.notes]
        return (await self.check(key=self.key, kept=kept)).problems

    async def grow(self, size: int) -> None:
        await AppendFacts(self.uow)(entries=entries(size))
        await SignCheckpoint(self.uow, self.signer, ControlledClock())()

    async def tamper(self, *statements: str) -> None:
        async with attacker(self.superuser_url) as connection:
            for statement in statements:
                done = await connection.execute(statement)
                assert done.rowcount != 0, statement

    async def rehash(self) -> None:
        async with attacker(self.superuser_url) as connection:
            await rehash(connection)

    def sign(self, size: int, root_hash: bytes, key: SigningKey | None = None) -> str:
        """Return a note signed with another key, or with the log's own."""
        if key is None:
            return Checkpoint(ORIGIN, size, root_hash).sign(self.key, self.signer.sign)
        return Checkpoint(ORIGIN, size, root_hash).sign(VerifierKey(ORIGIN, key.public_bytes), key.sign)


async def kept_log(
    database: Database, uow: SqlUnitOfWork[SqlComplianceTransaction], superuser_url: str, sizes: Sequence[int]
) -> KeptLog:
    """Make a log with a checkpoint of each size."""
    signer = await Ed25519LogSigner.load(uow, MASTER_KEY, ControlledClock(), origin=ORIGIN)
    log = KeptLog(database, uow, superuser_url, signer, notes := [])
    for start, end in zip((0, *sizes), sizes, strict=False):
        await log.grow(end - start)
    async with attacker(superuser_url) as connection:
        rows = await connection.execute("SELECT note FROM checkpoints ORDER BY size")
        notes += [note for (note,) in await rows.fetchall()]
    return log


@asynccontextmanager
async def attacker(superuser_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Connect as a superuser to whom no guard applies."""
    async with await psycopg.AsyncConnection.connect(superuser_url, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("ALTER TABLE audit_entries DROP CONSTRAINT IF EXISTS audit_entries_hash")
        yield connection


async def rehash(connection: psycopg.AsyncConnection[Any]) -> None:
    """Recompute all hashes, nodes and the head from the leaves, as a careful attacker does."""
    await connection.execute("UPDATE audit_entries SET leaf_hash = sha256('\\x00'::bytea || leaf)")
    rows = await (await connection.execute("SELECT leaf_hash FROM audit_entries ORDER BY sequence")).fetchall()
    frontier, nodes = Frontier(), dict[Node, bytes]()
    for (hash_,) in rows:
        nodes.update({node: each for node, each in frontier.append(hash_) if node.level % STORED_LEVELS == 0})
    await connection.execute("DELETE FROM audit_nodes")
    await connection.cursor().executemany(
        "INSERT INTO audit_nodes VALUES (%s, %s, %s)", [(*node, each) for node, each in nodes.items()]
    )
    await connection.execute("DELETE FROM audit_head")
    await connection.execute("INSERT INTO audit_head (size, hashes) VALUES (%s, %s)", (frontier.size, frontier.hashes))
