from datetime import datetime, timedelta

from identity.application.notices.templates import find_template
from identity.application.ports.notices import NoticeRecipient
from identity.application.ports.unit_of_work import Transaction
from identity.domain.message import Template
from identity.domain.notice import (
    NOTICE_MAILS_PER_HOUR_MAX,
    NOTICES_PER_HOUR_MAX,
    MailedAs,
    Notice,
    may_be_informed,
)
from identity.domain.notice_request import NoticeRequest
from kernel.ids import new_id
from kernel.notices import Urgency


async def inform_person(tx: Transaction, request: NoticeRequest, person: NoticeRecipient, *, at: datetime) -> bool:
    """Add a person's notice, and send its mail if that is due. Return False if the person gets none."""
    template = find_template(request.template)
    wants = person.preferences
    mails = wants.mails(template.group)
    if not may_be_informed(person.status, template.group) or not (mails or wants.lists(template.group)):
        return False
    if person.notices_within_hour.get(template.group, 0) >= NOTICES_PER_HOUR_MAX:
        is_listed = wants.lists(template.group)
        mail_due_at = None if is_listed else _next_hour(at)
        await tx.notices.withhold(person, template.group, is_listed=is_listed, mail_due_at=mail_due_at, at=at)
        return True
    notice = Notice(
        new_id(),
        person.user_id,
        request.id,
        template.name,
        template.group,
        b"",
        is_listed=wants.lists(template.group),
        occurred_at=request.occurred_at,
        created_at=at,
        mail_due_at=_mail_at(request.urgency, person, at) if mails else None,
    )
    facts = request.facts or {}
    await tx.notices.add(notice, facts)
    if notice.mail_due_at and notice.mail_due_at <= at:
        rendered = template.render(facts, wants.language)
        await tx.messages.send(person.user_id, Template.NOTICE, subject=rendered.title, text=rendered.text)
        notice.settle_mail(MailedAs.NOTICE, at=at)
    return True


def _mail_at(urgency: Urgency, person: NoticeRecipient, at: datetime) -> datetime:
    due = person.preferences.mail_at(urgency, at)
    if urgency is Urgency.NORMAL and person.mails_within_hour >= NOTICE_MAILS_PER_HOUR_MAX:
        return max(due, _next_hour(at))
    return due


def _next_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
