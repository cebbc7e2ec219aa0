"""Fakes of compliance's ports, in memory, and makers of entries; the log's suite runs over them and over PostgreSQL alike."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.crypto import SigningKey
from compliance.application.queries import BlockView, CheckpointView, EntryFilter, Found
from compliance.domain.checkpoint import Checkpoint, VerifierKey
from compliance.domain.entry import Actor, AuditEntry, LoggedEntry
from compliance.domain.merkle import Frontier, Node
from compliance.domain.retention import RetentionRule
from compliance.domain.screening import ScreeningBlock
from kernel.actor import Actor as KernelActor
from kernel.audit import AuditFact
from kernel.errors import Unavailable
from kernel.events import Event
from kernel.ids import new_id
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest

AT = datetime(2026, 3, 21, 8, 0, 0, 123456, tzinfo=UTC)
ORIGIN = "elcorp.na/audit"


def user(subject_id: UUID | str | None = None, **facts: Any) -> Actor:
    return Actor(
        kind="user", subject_id=str(subject_id or new_id()), **{"session_id": str(new_id()), "ip": "41.182.3.4", **facts}
    )


def service(name: str = "payments") -> Actor:
    return Actor(kind="service", subject_id=name)


def entry(**facts: Any) -> AuditEntry:
    made = {
        "fact_id": new_id(),
        "producer": "payments",
        "action": "payments.transfer.settle",
        "actor": facts.pop("actor", None) or user(),
        "resource_type": "transfer",
        "resource_id": str(new_id()),
        "occurred_at": AT,
        "after": '{"amount":"250.00","currency":"NAD"}',
    }
    return AuditEntry(**{**made, **facts})


def entries(count: int) -> list[AuditEntry]:
    actor = user()
    return [entry(actor=actor) for _ in range(count)]


class Signer:
    """Holds a signing key of its own."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self._signing = SigningKey.generate()
        self.key = VerifierKey(origin, self._signing.public_bytes)
        self.sign = self._signing.sign


@dataclass
class Store:
    """What is committed."""

    frontier: Frontier = field(default_factory=Frontier)
    entries: list[LoggedEntry] = field(default_factory=list)
    nodes: dict[Node, bytes] = field(default_factory=dict)
    checkpoints: dict[int, tuple[Checkpoint, str]] = field(default_factory=dict)
    blocks: dict[UUID, ScreeningBlock] = field(default_factory=dict)
    facts: list[AuditFact] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def branch(self) -> "Store":
        return Store(
            Frontier(self.frontier.size, list(self.frontier.hashes)),
            list(self.entries),
            dict(self.nodes),
            dict(self.checkpoints),
            {block_id: copy(block) for block_id, block in self.blocks.items()},
            list(self.facts),
            list(self.events),
        )


class FakeLog:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def lock_frontier(self) -> Frontier:
        return deepcopy(self._store.frontier)

    async def known(self, fact_ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        return {logged.entry.fact_id: logged.hash for logged in self._store.entries if logged.entry.fact_id in fact_ids}

    async def append(self, entries: Sequence[LoggedEntry], nodes: Mapping[Node, bytes], frontier: Frontier) -> None:
        self._store.entries += entries
        self._store.nodes |= nodes
        self._store.frontier = frontier

    async def unsigned_frontier(self) -> Frontier | None:
        frontier = self._store.frontier
        return deepcopy(frontier) if frontier.size > max(self._store.checkpoints, default=0) else None

    async def add_checkpoint(self, checkpoint: Checkpoint, note: str) -> bool:
        if checkpoint.size in self._store.checkpoints:
            return False
        self._store.checkpoints[checkpoint.size] = checkpoint, note
        return True


class FakeBlocks:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, block: ScreeningBlock) -> None:
        self._store.blocks[block.id] = block

    async def find_standing(self, subject_id: UUID) -> ScreeningBlock | None:
        blocks = self._store.blocks.values()
        return next((block for block in blocks if block.subject_id == subject_id and block.lifted_at is None), None)

    async def get(self, block_id: UUID) -> ScreeningBlock | None:
        return self._store.blocks.get(block_id)


class FakeTransaction:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.log = FakeLog(store)
        self.blocks = FakeBlocks(store)

    def record(self, fact: AuditFact) -> None:
        self._store.facts.append(fact)

    def announce(self, event: Event) -> None:
        self._store.events.append(event)


class FakeUnitOfWork:
    def __init__(self) -> None:
        self.committed = Store()

    @asynccontextmanager
    async def begin(self, _actor: KernelActor, *, audited: bool = True) -> AsyncIterator[FakeTransaction]:
        store = self.committed.branch()
        yield FakeTransaction(store)
        if audited and not store.facts:
            raise AssertionError("a change without an audit fact")
        self.committed = store


class FakeQueries:
    """Reads what the unit of work has committed, the slow and obvious way."""

    def __init__(self, uow: FakeUnitOfWork) -> None:
        self._uow = uow

    @property
    def _entries(self) -> list[LoggedEntry]:
        return self._uow.committed.entries

    async def entries(self, wanted: EntryFilter, cursor: CursorRequest) -> CursorPage[LoggedEntry]:
        found = [logged for logged in self._entries if _matches(logged, wanted)]
        found.sort(key=lambda logged: logged.sequence, reverse=not wanted.oldest_first)
        if cursor.after is not None:
            after = int(cursor.after)
            found = [logged for logged in found if (logged.sequence > after) == wanted.oldest_first and logged.sequence != after]
        page = found[: cursor.limit]
        return CursorPage(page, str(page[-1].sequence) if len(found) > cursor.limit else None)

    async def entry(self, place: int | UUID) -> LoggedEntry | None:
        return next((logged for logged in self._entries if place in (logged.sequence, logged.entry.fact_id)), None)

    async def of_resource(self, resource_id: str, *, limit: int) -> list[LoggedEntry]:
        return [logged for logged in self._entries if logged.entry.resource_id == resource_id][-limit:]

    async def about(self, subject_ids: Collection[str], *, but_not_of: Collection[str], limit: int) -> Found:
        of_each = [[logged for logged in self._entries if each in _concerned(logged.entry)] for each in subject_ids]
        considered = {logged.sequence: logged for entries in of_each for logged in entries[-limit:]}
        found = [logged for _, logged in sorted(considered.items()) if logged.entry.resource_type not in but_not_of]
        return Found(found[-limit:], is_complete=max(map(len, [*of_each, found]), default=0) < limit)

    async def people(self, ids: Collection[str]) -> frozenset[str]:
        return frozenset(logged.entry.resource_id for logged in self._entries if logged.entry.resource_type == "user") & set(ids)

    async def latest_checkpoint(self) -> CheckpointView | None:
        return await self.checkpoint_of(max(self._uow.committed.checkpoints, default=0))

    async def checkpoint_of(self, size: int) -> CheckpointView | None:
        if size not in self._uow.committed.checkpoints:
            return None
        checkpoint, note = self._uow.committed.checkpoints[size]
        return CheckpointView(checkpoint.size, checkpoint.root_hash, note, AT)

    async def nodes(self, wanted: Collection[Node]) -> Mapping[Node, bytes]:
        frontier, nodes = Frontier(), {}
        for logged in self._entries:
            nodes[Node(0, logged.sequence)] = logged.hash
            nodes.update(frontier.append(logged.hash))
        return {node: nodes[node] for node in wanted}

    async def retention_rules(self) -> tuple[RetentionRule, ...]:
        return tuple(RetentionRule(category, 5, "Act") for category in ("identification", "transactions"))

    async def blocks(self, *, standing: bool | None, page: PageRequest) -> Page[BlockView]:
        wanted = [
            BlockView(
                block.id,
                block.subject_id,
                block.reason,
                block.created_by,
                block.created_at,
                block.lifted_by,
                block.lifted_at,
            )
            for block in self._uow.committed.blocks.values()
            if standing is None or (block.lifted_at is None) is standing
        ]
        wanted.sort(key=lambda block: (-block.created_at.timestamp(), block.id))
        shown = wanted[page.offset : page.offset + page.per_page]
        return Page(shown, page.page, page.per_page, len(wanted))


def _matches(logged: LoggedEntry, wanted: EntryFilter) -> bool:
    fact = logged.entry
    return all(
        (
            wanted.actor_id in (None, fact.actor.subject_id),
            wanted.resource_type in (None, fact.resource_type),
            wanted.resource_id in (None, fact.resource_id),
            wanted.action in (None, fact.action),
            wanted.producer in (None, fact.producer),
            wanted.related_to is None or wanted.related_to in _concerned(fact),
            wanted.since is None or fact.occurred_at >= wanted.since,
            wanted.until is None or fact.occurred_at < wanted.until,
        )
    )


def _concerned(fact: AuditEntry) -> frozenset[str]:
    return fact.subject_ids | {fact.actor.subject_id}


@dataclass
class FakeBlockList:
    reasons: dict[UUID, str] = field(default_factory=dict)
    away: bool = False
    calls: int = 0

    async def standing(self, subject_ids: Collection[UUID]) -> Mapping[UUID, str]:
        self.calls += 1
        if self.away:
            raise Unavailable(dependency="database")
        return {subject: self.reasons[subject] for subject in subject_ids if subject in self.reasons}
