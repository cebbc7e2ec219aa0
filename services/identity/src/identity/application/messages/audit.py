"""The audit facts of messages. They record that a message was sent, never its content."""

from datetime import datetime

from identity.domain.message import Message
from kernel.audit import AuditFact


def message_delivered(message: Message, *, at: datetime) -> AuditFact:
    return _fact("identity.message.deliver", message, at=at, status="delivered")


def message_failed(message: Message, *, at: datetime) -> AuditFact:
    return _fact("identity.message.fail", message, at=at, status="failed")


def message_dropped(message: Message, *, at: datetime) -> AuditFact:
    return _fact("identity.message.drop", message, at=at, status="dropped")


def _fact(action: str, message: Message, *, at: datetime, status: str) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="message",
        resource_id=str(message.id),
        occurred_at=at,
        before={"status": "waiting"},
        after={"status": status, "template": message.template.value, "channel": message.template.channel.value},
        related_ids=(str(message.user_id),),
    )
