"""Connects an idempotent request with the unit of work: key, effect and response in one transaction.

The REST route sets a scope. The unit of work calls its `begin` with the open session, and passes the transaction to `adopt`
instead of committing. A request that declares steps may begin several transactions: the key is bound to it from the first commit
on, and the response is stored with the last. This module imports no web framework, because the unit of work imports it.
"""

import hashlib
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from kernel.errors import DomainError, KeyReused, Kind


class RequestInProgress(DomainError):
    """A request with this Idempotency-Key is still in progress; retry shortly."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code: ClassVar[str] = "RES_004"
    retry_after_seconds = 1


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The response to the first request with a key, byte for byte."""

    request_hash: bytes
    status: int
    body: bytes
    headers: dict[str, str]


class Replay(Exception):
    """Raised when the request was answered before; a signal to the route, not an error."""

    def __init__(self, answer: StoredAnswer) -> None:
        self.answer = answer
        super().__init__("answered before")


class Pending(Protocol):
    """A transaction that is ready to commit."""

    async def commit(self, extra: Callable[[AsyncSession], Awaitable[None]] | None = None) -> None:
        """Run `extra` in the transaction, then commit; roll back if either fails."""

    async def rollback(self) -> None: ...


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The keys that a service's use cases store themselves. They share one namespace per caller with the keys stored here.

    `taken` is a query by `:owner` ("user:" and an id) and `:key` for whether such a request has the key. Keys with a prefix in
    `reserved` are made by the service itself, and refused from callers.
    """

    taken: TextClause
    reserved: tuple[str, ...] = ()


_LOCK = text("SELECT pg_try_advisory_xact_lock(:lock)")
# A repetition may take the key between two transactions; it then runs the next one, and this request waits for it.
_WAIT = text("SELECT pg_advisory_xact_lock(:lock)")
_FIND_STEP = text("SELECT request_hash FROM idempotency_steps WHERE owner = :owner AND key = :key")
_STORE_STEP = text(
    """
    INSERT INTO idempotency_steps (owner, key, request_hash, step) VALUES (:owner, :key, :request_hash, :step)
    ON CONFLICT (owner, key) DO UPDATE SET step = idempotency_steps.step + 1
    """
).execution_options(unaudited=True)
_END_STEPS = text("DELETE FROM idempotency_steps WHERE owner = :owner AND key = :key").execution_options(unaudited=True)
_FIND = text("SELECT request_hash, status, body, headers FROM idempotency_keys WHERE owner = :owner AND key = :key")
_STORE = text(
    """
    INSERT INTO idempotency_keys (owner, key, request_hash, status, body, headers, created_at)
    VALUES (:owner, :key, :request_hash, :status, :body, cast(:headers AS jsonb), :created_at)
    """
).execution_options(unaudited=True)


@dataclass(slots=True)
class IdempotencyScope:
    """One request with a key: its owner, its key and the hash of its contents.

    With `has_steps` it may begin several transactions. Each but the last is committed when the next begins, together with a row
    that binds the key to this request. A crash between them answers nothing; the repetition runs all steps again, so each step
    must find what it did by a key of its own, and do it only once.
    """

    owner: str
    key: str
    request_hash: bytes
    own: OwnKeys | None = None
    has_steps: bool = False
    pending: Pending | None = field(default=None, init=False)
    _begun: int = field(default=0, init=False)

    @property
    def name(self) -> bytes:
        """The SHA-256 of owner and key: by it, a step finds what an interrupted run of this request did."""
        return hashlib.sha256(f"{self.owner}\0{self.key}".encode()).digest()

    async def begin(self, session: AsyncSession) -> None:
        """Lock the key within the session's transaction; before, commit the step before it.

        Raises RequestInProgress while another request holds the key, Replay if the request was answered, KeyReused if the key
        belongs to a different request.
        """
        if self._begun and not self.has_steps:
            raise RuntimeError("an idempotent request may begin only one transaction: its response is stored in it")
        self._begun += 1
        await self._end_step()
        # Lock first and read in a second statement: a single statement's snapshot would be older than its lock.
        if self._begun > 1:
            await session.execute(_WAIT, {"lock": self._lock()})
        elif not await session.scalar(_LOCK, {"lock": self._lock()}):
            raise RequestInProgress
        await self.look_up(session)

    async def _end_step(self) -> None:
        if self.pending is None:
            return
        pending, self.pending = self.pending, None
        row = {"owner": self.owner, "key": self.key, "request_hash": self.request_hash, "step": self._begun - 1}

        async def bind(session: AsyncSession) -> None:
            await session.execute(_STORE_STEP, row)

        await pending.commit(bind)

    def adopt(self, pending: Pending) -> None:
        """Take over a transaction that is ready to commit; the route commits it with the rendered response."""
        self.pending = pending

    async def look_up(self, connection: AsyncSession | AsyncConnection) -> None:
        """Raise Replay or KeyReused if the key has a response, KeyReused if a use case or a step of another request stored it."""
        asked = {"owner": self.owner, "key": self.key}
        row = (await connection.execute(_FIND, asked)).one_or_none()
        if row is None:
            if self.own and await connection.scalar(self.own.taken, asked):
                raise KeyReused
            if self.has_steps:
                bound = await connection.scalar(_FIND_STEP, asked)
                if bound is not None and bytes(bound) != self.request_hash:
                    raise KeyReused
            return
        if bytes(row.request_hash) != self.request_hash:
            raise KeyReused
        raise Replay(StoredAnswer(bytes(row.request_hash), row.status, bytes(row.body), row.headers))

    async def store(self, session: AsyncSession, answer: StoredAnswer, *, headers_json: str, at: datetime) -> None:
        """Store the response in the transaction of the effect."""
        await session.execute(
            _STORE,
            {
                "owner": self.owner,
                "key": self.key,
                "request_hash": answer.request_hash,
                "status": answer.status,
                "body": answer.body,
                "headers": headers_json,
                "created_at": at,
            },
        )
        if self.has_steps:
            await session.execute(_END_STEPS, {"owner": self.owner, "key": self.key})

    def _lock(self) -> int:
        return int.from_bytes(self.name[:8], "big", signed=True)


current_scope: ContextVar[IdempotencyScope | None] = ContextVar("idempotency_scope", default=None)
