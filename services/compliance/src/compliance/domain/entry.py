"""An entry of the audit log: who did what to which resource, when, from where and why, with its state before and after."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from compliance.domain.clipping import CANONICAL_JSON, clip, clip_all, clip_state
from compliance.domain.merkle import leaf_hash

# The first line of every leaf. A change of the format needs a new header, and old leaves stay unchanged.
LEAF_HEADER = b"elcorp.na/audit/v1\n"
LEAF_BYTES_MAX = 65_535

# The limit of each part of a leaf, in bytes of JSON: 2 states, a reason, 11 texts and 2 lists. With names and times they
# stay below the maximum, so that no audit fact is refused for its size.
STATE_BYTES_MAX = 18_000
REASON_BYTES_MAX = 4_000
TEXT_BYTES_MAX = 1_000
RELATED_BYTES_MAX = 12_000
METHODS_BYTES_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The actor, as far as the producing service knew. Unknown parts are empty strings."""

    kind: str
    subject_id: str
    session_id: str = ""
    device_id: str = ""
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    authenticated_at: datetime | None = None
    methods: tuple[str, ...] = ()

    def clipped(self) -> "Actor":
        return Actor(
            kind=clip(self.kind, TEXT_BYTES_MAX),
            subject_id=clip(self.subject_id, TEXT_BYTES_MAX),
            session_id=clip(self.session_id, TEXT_BYTES_MAX),
            device_id=clip(self.device_id, TEXT_BYTES_MAX),
            ip=clip(self.ip, TEXT_BYTES_MAX),
            user_agent=clip(self.user_agent, TEXT_BYTES_MAX),
            request_id=clip(self.request_id, TEXT_BYTES_MAX),
            authenticated_at=self.authenticated_at,
            methods=clip_all(self.methods, each_bytes_max=METHODS_BYTES_MAX, bytes_max=METHODS_BYTES_MAX),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`before` and `after` are JSON texts, stored exactly as the producer wrote them.

    `digest` is that of the producer's message, and `organization_id` the organization that the actor acted for. Both are stored
    beside the leaf: its format is older.
    """

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
    digest: bytes | None = None
    organization_id: UUID | None = None

    @property
    def subject_ids(self) -> frozenset[str]:
        """The ids under which this entry is indexed.

        Actors are included only if they are users: the acts of "payments" or "anonymous" have only the actor's name in common.
        """
        person = self.actor.subject_id if self.actor.kind == "user" else ""
        return frozenset({self.resource_id, person, self.actor.session_id, *self.related_ids}) - {""}

    def clipped(self) -> "AuditEntry":
        """Return the entry cut to the size limits of a leaf. A digest commits to each text that was cut."""
        return AuditEntry(
            fact_id=self.fact_id,
            producer=clip(self.producer, TEXT_BYTES_MAX),
            action=clip(self.action, TEXT_BYTES_MAX),
            actor=self.actor.clipped(),
            resource_type=clip(self.resource_type, TEXT_BYTES_MAX),
            resource_id=clip(self.resource_id, TEXT_BYTES_MAX),
            occurred_at=self.occurred_at,
            before=clip_state(self.before, STATE_BYTES_MAX),
            after=clip_state(self.after, STATE_BYTES_MAX),
            reason=None if self.reason is None else clip(self.reason, REASON_BYTES_MAX),
            related_ids=clip_all(self.related_ids, each_bytes_max=TEXT_BYTES_MAX, bytes_max=RELATED_BYTES_MAX),
            digest=self.digest,
            organization_id=self.organization_id,
        )

    def leaf(self) -> bytes:
        """Return the canonical bytes that the log commits to: the header, then JSON with sorted keys and no white space.

        All values are strings, lists of strings or null, so that the JSON conforms to RFC 8785. Raises ValueError if the leaf is
        too long, which never happens for a clipped entry.
        """
        actor = self.actor
        content = {
            "action": self.action,
            "actor": {
                "authenticated_at": _time(actor.authenticated_at),
                "device_id": actor.device_id,
                "ip": actor.ip,
                "kind": actor.kind,
                "methods": actor.methods,
                "request_id": actor.request_id,
                "session_id": actor.session_id,
                "subject_id": actor.subject_id,
                "user_agent": actor.user_agent,
            },
            "after": self.after,
            "before": self.before,
            "fact_id": str(self.fact_id),
            "occurred_at": _time(self.occurred_at),
            "producer": self.producer,
            "reason": self.reason,
            "related_ids": self.related_ids,
            "resource_id": self.resource_id,
            "resource_type": self.resource_type,
        }
        leaf = LEAF_HEADER + CANONICAL_JSON.encode(content).encode()
        if len(leaf) > LEAF_BYTES_MAX:
            raise ValueError(f"the leaf of {self.fact_id} has {len(leaf)} bytes")
        return leaf


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry in the log: `sequence` is its leaf index, `hash` is its leaf hash."""

    sequence: int
    entry: AuditEntry
    leaf: bytes
    hash: bytes

    @classmethod
    def read(cls, sequence: int, leaf: bytes, *, organization_id: UUID | None = None) -> Self:
        entry = read_leaf(leaf)
        # Beside the leaf, whose format is older.
        entry = replace(entry, organization_id=organization_id) if organization_id else entry
        return cls(sequence, entry, leaf, leaf_hash(leaf))


def read_leaf(leaf: bytes) -> AuditEntry:
    """Read an entry from its canonical bytes. Raise ValueError if they are not a leaf."""
    if not leaf.startswith(LEAF_HEADER):
        raise ValueError("not a leaf of this log")
    try:
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
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("not a leaf of this log") from error


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None
