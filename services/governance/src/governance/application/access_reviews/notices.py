"""The notices of access reviews."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from governance.domain.access_review import AccessReview, ReviewLine
from kernel.notices import NoticeRequested, Recipient

# Times in notices are local, as people read them.
_NAMIBIA = ZoneInfo("Africa/Windhoek")


def review_asked(review: AccessReview, recipient: Recipient, lines: int, *, at: datetime) -> NoticeRequested:
    """Ask a person to decide lines."""
    return _to_decide("governance.access_review_asked", review, recipient, lines, at=at)


def review_reminder(review: AccessReview, recipient: Recipient, lines: int, *, at: datetime) -> NoticeRequested:
    """Remind a person of lines that are still open."""
    return _to_decide("governance.access_review_reminder", review, recipient, lines, at=at)


def review_completed(review: AccessReview, *, at: datetime) -> NoticeRequested:
    """Inform the person who started a campaign of its end."""
    counts = review.counts or {}
    return NoticeRequested(
        occurred_at=at,
        template="governance.access_review_completed",
        recipient=Recipient.person(UUID(review.started_by)),
        key=f"access-review:{review.id}:completed",
        facts={
            "review_id": str(review.id),
            "title": review.title,
            "kept": str(counts["kept"]),
            "withdrawn": str(counts["withdrawn"] + counts["unconfirmed"]),
            "retained": str(counts["retained"]),
            "ended": str(counts["ended"]),
        },
    )


def review_cancelled(review: AccessReview, *, at: datetime) -> NoticeRequested:
    """Inform the person who started a campaign that another person has cancelled it."""
    return NoticeRequested(
        occurred_at=at,
        template="governance.access_review_cancelled",
        recipient=Recipient.person(UUID(review.started_by)),
        key=f"access-review:{review.id}:cancelled",
        facts={"review_id": str(review.id), "title": review.title, "reason": review.end_reason or ""},
    )


def role_withdrawn(line: ReviewLine, *, at: datetime) -> NoticeRequested:
    """Inform a person that their role was withdrawn."""
    return NoticeRequested(
        occurred_at=at,
        template="governance.role_withdrawn",
        recipient=Recipient.person(line.subject_id),
        key=f"access-review:{line.review_id}:withdrawn:{line.number}",
        facts={"role": line.role},
    )


def _to_decide(template: str, review: AccessReview, recipient: Recipient, lines: int, *, at: datetime) -> NoticeRequested:
    step = template.rpartition("_")[2]
    return NoticeRequested(
        occurred_at=at,
        template=template,
        recipient=recipient,
        key=f"access-review:{review.id}:{step}:{recipient.reference}",
        facts={
            "review_id": str(review.id),
            "title": review.title,
            "lines": str(lines),
            "deadline": f"{review.deadline.astimezone(_NAMIBIA):%Y-%m-%d %H:%M}",
        },
    )
