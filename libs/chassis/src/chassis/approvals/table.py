"""The tables `approvals` and `approval_decisions` in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.idempotency_scope import current_scope
from chassis.persistence.json_rows import to_json_rows
from chassis.persistence.pipeline import Pipeline, Statement
from chassis.persistence.unit_of_work import SqlTransaction
from kernel.actor import Actor
from kernel.approvals import Approval, ApprovalAsked, ApprovalDamaged, ApprovalDecision, ApprovalState, SignedDecision
from kernel.canonical_json import canonical
from kernel.money import Money

_ASK: Final = """
    INSERT INTO approvals (id, kind, resource_id, digest, content, asked_by, on_behalf_of, organization_id, amount, currency,
                           reason, facts, asked_at, expires_at)
    SELECT id, kind, resource_id, decode(digest, 'hex'), cast(content AS jsonb), asked_by, on_behalf_of, organization_id, amount,
           currency, reason, cast(facts AS jsonb), asked_at, expires_at
    FROM jsonb_to_recordset($1::jsonb) AS new (
        id uuid, kind text, resource_id uuid, digest text, content text, asked_by text, on_behalf_of uuid, organization_id uuid,
        amount numeric, currency text, reason text, facts text, asked_at timestamptz, expires_at timestamptz
    )
    ON CONFLICT ON CONSTRAINT approvals_one_per_thing DO NOTHING
"""
_READ: Final = """
    SELECT a.id, a.kind, a.resource_id, a.digest, a.content, a.asked_by, a.on_behalf_of, a.organization_id, a.amount, a.currency,
           a.reason, a.facts, a.asked_at, a.expires_at, a.state, a.decisions, a.decided_at, a.closed_at, a.failure,
           d.statement, d.key_id, d.signature, d.request_key
    FROM approvals a LEFT JOIN approval_decisions d ON d.approval_id = a.id AND d.number = a.decisions
"""
_FIND: Final = text(f"{_READ} WHERE a.id = :id")  # our own constants
_LOCK: Final = text(f"{_READ} WHERE a.id = :id FOR NO KEY UPDATE OF a")
# The one that is open, or else the last one.
_LOCK_OF: Final = text(
    f"{_READ} WHERE a.kind = :kind AND a.resource_id = :resource"
    " ORDER BY a.closed_at DESC NULLS FIRST LIMIT 1 FOR NO KEY UPDATE OF a"
)
_SAVE: Final = text(
    "UPDATE approvals SET state = :state, decisions = :decisions, decided_at = :decided_at, closed_at = :closed_at,"
    " failure = :failure WHERE id = :id"
).execution_options(unaudited=True)
# Decision and deed are in the audit log by facts of their own (`audit.py`).
_DECIDE: Final = text(
    "INSERT INTO approval_decisions (approval_id, number, outcome, statement, key_id, public_key, signature, request_key)"
    " VALUES (:id, :number, :outcome, :statement, :key_id, :public_key, :signature, :request_key)"
).execution_options(unaudited=True)
_CLOSE_ALL: Final = text(
    "UPDATE approvals SET state = :state, closed_at = :at WHERE kind = :kind AND resource_id = ANY(:resources)"
    " AND state IN ('pending', 'decided', 'execution_failed')"
).execution_options(unaudited=True)
_EXPIRE: Final = text(
    "UPDATE approvals SET state = 'expired', closed_at = :at WHERE id IN ("
    " SELECT id FROM approvals WHERE state IN ('pending', 'decided', 'execution_failed') AND kind = ANY(:kinds)"
    " AND expires_at <= :at ORDER BY expires_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)"
).execution_options(unaudited=True)
_TO_EXECUTE: Final = text(
    "SELECT id FROM approvals WHERE state = 'decided' AND kind = ANY(:kinds) AND decided_at <= :before"
    " ORDER BY decided_at LIMIT :limit"
)


class SqlApprovals:
    """Callers lock the thing before its approval, or two transactions deadlock."""

    def __init__(self, session: AsyncSession, pipeline: Pipeline) -> None:
        self._session = session
        self._pipeline = pipeline

    def ask(self, *asked: ApprovalAsked) -> None:
        """Ask, together with the transaction's next statements. Asking twice for one content asks once."""
        if asked:
            self._pipeline.queue(Statement(_ASK, (to_json_rows([_row(each) for each in asked]),), unaudited=True))

    async def find(self, approval_id: UUID) -> Approval | None:
        return _approval((await self._session.execute(_FIND, {"id": approval_id})).one_or_none())

    async def lock(self, approval_id: UUID) -> Approval | None:
        await self._pipeline.flush()
        return _approval((await self._session.execute(_LOCK, {"id": approval_id})).one_or_none())

    async def lock_of(self, kind: str, resource_id: UUID) -> Approval | None:
        """Lock the approval of a thing that is open, or else its last one."""
        await self._pipeline.flush()
        return _approval((await self._session.execute(_LOCK_OF, {"kind": kind, "resource": resource_id})).one_or_none())

    async def decide(self, approval: Approval, *, public_key: bytes) -> None:
        """Write the decision that `approval.decide` recorded."""
        signed = approval.decision
        if signed is None:
            raise ValueError(f"approval {approval.asked.id} has no decision")
        scope = current_scope.get()
        row = {
            "id": approval.asked.id,
            "number": approval.decisions,
            "outcome": signed.decision.outcome.value,
            "statement": signed.decision.statement,
            "key_id": signed.key_id,
            "public_key": public_key,
            "signature": signed.signature,
            "request_key": scope.name if scope else None,
        }
        await self._session.execute(_DECIDE, row)
        await self.save(approval)

    async def save(self, approval: Approval) -> None:
        await self._session.execute(
            _SAVE,
            {
                "id": approval.asked.id,
                "state": approval.state.value,
                "decisions": approval.decisions,
                "decided_at": approval.decided_at,
                "closed_at": approval.closed_at,
                "failure": approval.failure,
            },
        )

    async def close_of(self, kind: str, resource_ids: Sequence[UUID], state: ApprovalState, *, at: datetime) -> None:
        """End the open approvals of these things, if they have any. The caller has locked the things."""
        if resource_ids:
            parameters = {"kind": kind, "resources": list(resource_ids), "state": state.value, "at": at}
            await self._session.execute(_CLOSE_ALL, parameters)

    async def expire(self, kinds: Sequence[str], at: datetime, *, limit: int) -> None:
        """End the approvals whose time has passed. The things need no lock: nobody may decide on them any more."""
        await self._session.execute(_EXPIRE, {"kinds": list(kinds), "at": at, "limit": limit})

    async def to_execute(self, kinds: Sequence[str], before: datetime, *, limit: int) -> Sequence[UUID]:
        """Return approvals that were decided before a time and not carried out, the first decided first."""
        return list(await self._session.scalars(_TO_EXECUTE, {"kinds": list(kinds), "before": before, "limit": limit}))


class SqlApprovalTransaction(SqlTransaction):
    """A transaction that needs only approvals, and no key of a service."""

    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.approvals = SqlApprovals(session, self.pipeline)


def _row(asked: ApprovalAsked) -> dict[str, object]:
    return {
        "id": asked.id,
        "kind": asked.kind,
        "resource_id": asked.resource_id,
        "digest": asked.digest.hex(),
        "content": canonical(dict(asked.content)).decode(),
        "asked_by": asked.asked_by,
        "on_behalf_of": asked.on_behalf_of,
        "organization_id": asked.organization_id,
        "amount": asked.amount.amount if asked.amount else None,
        "currency": asked.amount.currency.code if asked.amount else None,
        "reason": asked.reason,
        "facts": orjson.dumps(dict(asked.facts)).decode(),
        "asked_at": asked.asked_at,
        "expires_at": asked.expires_at,
    }


def _approval(row: Row[Any] | None) -> Approval | None:
    if row is None:
        return None
    asked = ApprovalAsked(
        id=row.id,
        kind=row.kind,
        resource_id=row.resource_id,
        content=row.content,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        on_behalf_of=row.on_behalf_of,
        organization_id=row.organization_id,
        amount=Money.of(row.amount, row.currency) if row.currency else None,
        reason=row.reason,
        facts=row.facts,
    )
    if bytes(row.digest) != asked.digest:
        raise ApprovalDamaged(approval_id=row.id)
    scope = current_scope.get()
    return Approval(
        asked=asked,
        state=ApprovalState(row.state),
        decision=_decision(row) if row.statement else None,
        decisions=row.decisions,
        decided_at=row.decided_at,
        closed_at=row.closed_at,
        failure=row.failure,
        is_of_this_request=bool(scope and row.request_key and bytes(row.request_key) == scope.name),
    )


def _decision(row: Row[Any]) -> SignedDecision:
    decision = ApprovalDecision.read(bytes(row.statement))
    return SignedDecision(decision=decision, key_id=row.key_id, signature=bytes(row.signature))
