"""How access reviews appear in the audit log."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from governance.domain.access_review import AccessReview, ReviewLine
from kernel.audit import Audited, State
from kernel.reads import ReadOfOthers


def _review_state(review: AccessReview) -> State:
    return {
        "title": review.title,
        "organization_id": str(review.organization_id) if review.organization_id else None,
        "roles": list(review.roles),
        "deadline": review.deadline.isoformat(),
        "lines": review.line_count,
        "status": review.status.value,
        "asked": review.asked_at is not None,
        "reminded": review.reminded_at is not None,
        **_report_state(review),
    }


def _report_state(review: AccessReview) -> State:
    if review.digest is None:
        return {}
    return {"counts": review.counts, "report_sha256": review.digest, "key_id": review.key_id, "signature": review.signature}


def _line_state(line: ReviewLine) -> State:
    return {
        "role": line.role,
        "assignment_id": str(line.assignment_id),
        "outcome": line.outcome.value,
        "capacity": line.capacity.value if line.capacity else None,
    }


def _line_related(line: ReviewLine) -> tuple[str, ...]:
    related = (str(line.review_id), str(line.subject_id), f"role:{line.role}")
    return (*related, str(line.organization_id)) if line.organization_id else related


def read_of_lines(review_id: UUID, subject_ids: Iterable[UUID], **about: Any) -> ReadOfOthers:
    """Record that another person's roles under review were read. `about` are the other fields of the record."""
    return ReadOfOthers(action="governance.access_review.read", resource_id=str(review_id), owners=subject_ids, **about)


REVIEW: Final = Audited[AccessReview](
    action="governance.access_review",
    resource_type="access_review",
    state=_review_state,
    id_of=lambda review: review.id,
    related=lambda review: (str(review.organization_id),) if review.organization_id else (),
)
# Auditors find it under the campaign, the person and the role.
LINE: Final = Audited[ReviewLine](
    action="governance.review_line",
    resource_type="review_line",
    state=_line_state,
    id_of=lambda line: f"{line.review_id}/{line.number}",
    related=_line_related,
)
