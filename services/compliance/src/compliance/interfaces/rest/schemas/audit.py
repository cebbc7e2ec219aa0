"""Response bodies for the audit log. Hashes and leaves are in base64, times in RFC 3339 UTC."""

import base64
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import orjson
from pydantic import BaseModel

from compliance.application.audit.get_audit_trail import Trail
from compliance.application.audit.get_consistency_proof import ConsistencyProof
from compliance.application.audit.get_inclusion_proof import InclusionProof
from compliance.application.audit.views import CheckpointView
from compliance.domain.checkpoint import VerifierKey
from compliance.domain.entry import LoggedEntry

STATE_LEVELS_MAX = 64


class AuditActorResponse(BaseModel):
    kind: str
    subject_id: str
    session_id: str
    device_id: str
    ip: str
    user_agent: str
    request_id: str
    authenticated_at: datetime | None
    methods: list[str]


class AuditEntryResponse(BaseModel):
    sequence: int
    fact_id: UUID
    producer: str
    action: str
    actor: AuditActorResponse
    resource_type: str
    resource_id: str
    occurred_at: datetime
    # The states as the producer wrote them, or `{"bytes", "sha256"}` if they were too long for the log.
    before: Any
    after: Any
    reason: str | None
    related_ids: list[str]
    leaf_hash: str

    @classmethod
    def of(cls, logged: LoggedEntry) -> Self:
        entry, actor = logged.entry, logged.entry.actor
        return cls(
            sequence=logged.sequence,
            fact_id=entry.fact_id,
            producer=entry.producer,
            action=entry.action,
            actor=AuditActorResponse(
                kind=actor.kind,
                subject_id=actor.subject_id,
                session_id=actor.session_id,
                device_id=actor.device_id,
                ip=actor.ip,
                user_agent=actor.user_agent,
                request_id=actor.request_id,
                authenticated_at=actor.authenticated_at,
                methods=list(actor.methods),
            ),
            resource_type=entry.resource_type,
            resource_id=entry.resource_id,
            occurred_at=entry.occurred_at,
            before=_state(entry.before),
            after=_state(entry.after),
            reason=entry.reason,
            related_ids=list(entry.related_ids),
            leaf_hash=_base64(logged.hash),
        )


class AuditTrailResponse(BaseModel):
    """`is_complete` is false if older entries were left out. List those with `related_to`."""

    items: list[AuditEntryResponse]
    is_complete: bool

    @classmethod
    def of(cls, trail: Trail) -> Self:
        return cls(items=[AuditEntryResponse.of(entry) for entry in trail.entries], is_complete=trail.is_complete)


class ProofBundleResponse(BaseModel):
    """Verify it offline: `python -m compliance.verifier --bundle FILE --key KEY`.

    The key is included for convenience. For proof, use a copy of the key that you obtained earlier from another source.
    """

    entry: str
    index: int
    proof: list[str]
    checkpoint: str
    key: str

    @classmethod
    def of(cls, proof: InclusionProof) -> Self:
        return cls(
            key=proof.key.text,
            entry=_base64(proof.entry.leaf),
            index=proof.entry.sequence,
            proof=[_base64(hash_) for hash_ in proof.proof],
            checkpoint=proof.checkpoint.note,
        )


class CheckpointResponse(BaseModel):
    size: int
    root_hash: str
    note: str
    signed_at: datetime

    @classmethod
    def of(cls, view: CheckpointView) -> Self:
        return cls(size=view.size, root_hash=_base64(view.root_hash), note=view.note, signed_at=view.signed_at)


class ConsistencyProofResponse(BaseModel):
    """Verify it offline: `python -m compliance.verifier --consistency FILE --key KEY`."""

    first: CheckpointResponse
    second: CheckpointResponse
    proof: list[str]
    key: str

    @classmethod
    def of(cls, proof: ConsistencyProof) -> Self:
        return cls(
            key=proof.key.text,
            first=CheckpointResponse.of(proof.first),
            second=CheckpointResponse.of(proof.second),
            proof=[_base64(hash_) for hash_ in proof.proof],
        )


class LogKeyResponse(BaseModel):
    """The log's verifier key, as a C2SP signed-note key."""

    origin: str
    key: str

    @classmethod
    def of(cls, key: VerifierKey) -> Self:
        return cls(origin=key.name, key=key.text)


def _state(text: str | None) -> Any:
    """Return a state as JSON, or as text if it is not JSON or nested too deeply to be written.

    The log may contain such a state, and it must not make its page unreadable.
    """
    try:
        state = orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return text
    return state if _nests_within(state, STATE_LEVELS_MAX) else text


def _nests_within(value: object, levels: int) -> bool:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_nests_within(child, levels - 1) for child in children)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
