"""An entry of the audit log: who did what to what, when, from where and why, and how it was before and after."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from compliance.domain.merkle import leaf_hash

# The first line of every leaf. A change of what follows gets a new one, and old leaves stay as they are.
LEAF_HEADER = b"elcorp.na/audit/v1\n"
LEAF_BYTES_MAX = 65_535
_STATE_BYTES_MAX = 24_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acted, as the producing service knew it; empty strings where it knew nothing."""

    kind: str
    subject_id: str
    session_id: str = ""
    device_id: str = ""
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    authenticated_at: datetime | None = None
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`before` and `after` are JSON texts, kept exactly as the producer wrote them."""

    fact_id: UUID
    producer: str
    action: str
    actor: Actor
    resource_type: str
    resource_id: str
    occurred_at: datetime
    before: str | None = None
    after: str | None = None
    reason: str | None = None
    related_ids: tuple[str, ...] = ()

    @property
    def subject_ids(self) -> frozenset[str]:
        """Everything under which an auditor looks for this entry."""
        return frozenset({self.resource_id, self.actor.subject_id, self.actor.session_id, *self.related_ids}) - {""}

    def leaf(self) -> bytes:
        """Write the canonical bytes that the log commits to: the header, then JSON with sorted keys and no white space.

        All values are strings, lists of strings or null, so that this equals RFC 8785. A state over 24 kB is committed
        to by its SHA-256.
        """
        actor = self.actor
        content = {
            "action": self.action,
            "actor": {
                "authenticated_at": _time(actor.authenticated_at),
                "device_id": actor.device_id,
                "ip": actor.ip,
                "kind": actor.kind,
                "methods": list(actor.methods),
                "request_id": actor.request_id,
                "session_id": actor.session_id,
                "subject_id": actor.subject_id,
                "user_agent": actor.user_agent[:512],
            },
            "after": _bounded(self.after),
            "before": _bounded(self.before),
            "fact_id": str(self.fact_id),
            "occurred_at": _time(self.occurred_at),
            "producer": self.producer,
            "reason": self.reason,
            "related_ids": list(self.related_ids),
            "resource_id": self.resource_id,
            "resource_type": self.resource_type,
        }
        leaf = LEAF_HEADER + json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        if len(leaf) > LEAF_BYTES_MAX:
            raise ValueError(f"the leaf of {self.fact_id} has {len(leaf)} bytes")
        return leaf


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry and its place in the log: `sequence` is its leaf index."""

    sequence: int
    entry: AuditEntry
    leaf: bytes

    @property
    def hash(self) -> bytes:
        return leaf_hash(self.leaf)


def read_leaf(leaf: bytes) -> AuditEntry:
    """Read an entry back from its canonical bytes; raises ValueError when they are none."""
    if not leaf.startswith(LEAF_HEADER):
        raise ValueError("not a leaf of this log")
    content = json.loads(leaf[len(LEAF_HEADER) :])
    actor = content.pop("actor")
    authenticated_at = actor.pop("authenticated_at")
    return AuditEntry(
        fact_id=UUID(content.pop("fact_id")),
        occurred_at=datetime.fromisoformat(content.pop("occurred_at")),
        related_ids=tuple(content.pop("related_ids")),
        actor=Actor(
            authenticated_at=datetime.fromisoformat(authenticated_at) if authenticated_at else None,
            methods=tuple(actor.pop("methods")),
            **actor,
        ),
        **content,
    )


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


def _bounded(state: str | None) -> str | None:
    if state is None or len(state.encode()) <= _STATE_BYTES_MAX:
        return state
    return json.dumps({"bytes": str(len(state.encode())), "sha256": sha256(state.encode()).hexdigest()}, sort_keys=True)
