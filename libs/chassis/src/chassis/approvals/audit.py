"""The audit fact of a decision. The deed has its own, which may come later, by a job, or never."""

from kernel.approvals import Approval, SignedDecision
from kernel.audit import AuditFact
from kernel.canonical_json import instant_text


def decided(approval: Approval, signed: SignedDecision) -> AuditFact:
    """Describe a decision, under the thing, the person for whom it was asked, and each person who voted.

    With `digest` and `signature`, an auditor can prove what was decided and by whom.
    """
    asked, decision = approval.asked, signed.decision
    context, _, _ = asked.kind.partition(".")
    votes = [{"by": str(vote.by), "outcome": vote.outcome.value, "at": instant_text(vote.at)} for vote in decision.votes]
    people = dict.fromkeys(str(vote.by) for vote in decision.votes)
    return AuditFact(
        action=f"{context}.approval.decide",
        resource_type="approval",
        resource_id=str(asked.id),
        occurred_at=decision.decided_at,
        after={
            "kind": asked.kind,
            "outcome": decision.outcome.value,
            "decider": decision.decider,
            "votes": votes,
            "digest": decision.digest.hex(),
            "key_id": signed.key_id,
            "signature": signed.signature.hex(),
            "valid_until": instant_text(decision.valid_until),
        },
        reason=decision.reason or None,
        related_ids=(str(asked.resource_id), *([str(asked.on_behalf_of)] if asked.on_behalf_of else ()), *people),
    )
