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
from compliance.application.audit.list_audit_producers import ProducerState, ProducerStatus
from compliance.application.audit.views import CheckpointView, MissingFactView
from compliance.domain.checkpoint import VerifierKey
from compliance.domain.completeness import FlawKind
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
    # For which the actor acted, if any. It is stored beside the leaf, which proofs are about.
    organization_id: UUID | None
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
            organization_id=entry.organization_id,
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


class AuditProducerResponse(BaseModel):
    """A service and its journal of audit facts.

    `last_number`: how many facts its journal has. `reconciled_number`: up to which of them the log was compared. `missing` and
    `other_findings` are open. `unsent`: messages with facts that the service had not sent yet when it last answered.
    """

    producer: str
    status: ProducerStatus
    last_number: int
    reconciled_number: int
    missing: int
    other_findings: int
    unsent: int
    reached_at: datetime | None
    reconciled_at: datetime | None

    @classmethod
    def of(cls, state: ProducerState) -> Self:
        view = state.view
        return cls(
            producer=view.producer,
            status=state.status,
            last_number=view.last_number,
            reconciled_number=view.number,
            missing=view.missing,
            other_findings=view.others,
            unsent=view.unsent,
            reached_at=view.reached_at,
            reconciled_at=view.reconciled_at,
        )


class MissingFactResponse(BaseModel):
    """A contradiction between the log and a service's journal.

    `kind`: `missing`, the fact is not in the log; `different`, the log has another fact with its id; `removed`, the journal's row
    of the fact was deleted; `gap`, the journal does not have the number; `altered`, the journal's entry does not match its
    chain; `rewound`, the journal was replaced by an older one, for example by a backup. If `unsent` is above 0, the service had
    messages that it had not sent when the finding was made: the fact may be on its way.
    """

    id: int
    producer: str
    kind: FlawKind
    number: int
    fact_id: UUID | None
    digest: str | None
    unsent: int
    found_at: datetime
    resolved_at: datetime | None

    @classmethod
    def of(cls, view: MissingFactView) -> Self:
        return cls(
            id=view.id,
            producer=view.producer,
            kind=view.kind,
            number=view.number,
            fact_id=view.fact_id,
            digest=_base64(view.digest) if view.digest else None,
            unsent=view.unsent,
            found_at=view.found_at,
            resolved_at=view.resolved_at,
        )


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
