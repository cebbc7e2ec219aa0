"""The audit facts of notices. None holds a notice's facts, or an address."""

from datetime import datetime
from typing import Final
from uuid import UUID

from identity.domain.address_message import AddressMessage
from identity.domain.notice_request import NoticeRequest
from kernel.audit import AuditFact, State
from kernel.notices import RecipientKind

_REQUEST: Final = "notice_request"


def request_received(request: NoticeRequest) -> AuditFact:
    after = {"producer": request.producer, "template": request.template, "recipient": request.recipient_kind.value}
    return _of_request("receive", request, at=request.received_at, after=after)


def request_advanced(request: NoticeRequest, *, informed: int, at: datetime) -> AuditFact:
    after = {"informed": informed, "completed": not request.is_open, "failure": request.failure}
    return _of_request("inform", request, at=at, after=after)


def request_resumed(request: NoticeRequest, *, at: datetime) -> AuditFact:
    return _of_request("resume", request, at=at, after={"informed": request.informed})


def notices_mailed(user_id: UUID, *, mailed: int, dropped: int, at: datetime) -> AuditFact:
    return _of_person("identity.notice.mail", user_id, at=at, after={"mailed": mailed, "dropped": dropped})


def notices_read(user_id: UUID, *, read: int, at: datetime) -> AuditFact:
    return _of_person("identity.notice.read", user_id, at=at, after={"read": read})


def preferences_changed(user_id: UUID, *, at: datetime) -> AuditFact:
    """Record that preferences were changed. When a person sleeps is not recorded."""
    return _of_person("identity.notice_preferences.change", user_id, at=at, after={})


def address_message_queued(message: AddressMessage) -> AuditFact:
    return _of_address("queue", message, at=message.queued_at, status="waiting")


def address_message_settled(message: AddressMessage, *, at: datetime) -> AuditFact:
    return _of_address("settle", message, at=at, status="delivered" if message.delivered_at else "failed")


def address_message_resumed(message: AddressMessage, *, at: datetime) -> AuditFact:
    return _of_address("resume", message, at=at, status="waiting")


def notices_purged(*, notices: int, requests: int, messages: int, at: datetime) -> AuditFact:
    after = {"notices": notices, "requests": requests, "address_messages": messages}
    return AuditFact(action="identity.notice.purge", resource_type="notice", resource_id="expired", occurred_at=at, after=after)


def _of_request(verb: str, request: NoticeRequest, *, at: datetime, after: State) -> AuditFact:
    is_person = request.recipient_kind is RecipientKind.PERSON
    return AuditFact(
        action=f"identity.notice_request.{verb}",
        resource_type=_REQUEST,
        resource_id=str(request.id),
        occurred_at=at,
        after=after,
        related_ids=(request.recipient_reference,) if is_person else (),
    )


def _of_address(verb: str, message: AddressMessage, *, at: datetime, status: str) -> AuditFact:
    return AuditFact(
        action=f"identity.address_message.{verb}",
        resource_type="address_message",
        resource_id=str(message.id),
        occurred_at=at,
        after={"caller": message.caller, "template": message.template, "status": status},
    )


def _of_person(action: str, user_id: UUID, *, at: datetime, after: State) -> AuditFact:
    return AuditFact(action=action, resource_type="user", resource_id=str(user_id), occurred_at=at, after=after)
