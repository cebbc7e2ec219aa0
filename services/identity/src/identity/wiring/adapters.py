"""The adapters that the settings select."""

# Import what only one process needs where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

from functools import cache, partial
from typing import TYPE_CHECKING

from identity.interfaces.publications import PUBLICATIONS
from identity.settings import IdentitySettings
from kernel.clock import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from chassis.approvals.table import SqlApprovalTransaction
    from chassis.persistence.database import Database
    from chassis.persistence.unit_of_work import SqlUnitOfWork
    from identity.application.ports.messages import MessageTransport
    from identity.application.ports.passwords import PasswordHasher
    from identity.application.users.create_administrator import CreateAdministrator
    from identity.domain.password_policy import PasswordPolicy
    from identity.infrastructure.attempt_limits import RedisAttemptLimits
    from identity.infrastructure.delivery_queue import DeliveryQueue
    from identity.infrastructure.passwords import Argon2Passwords
    from identity.infrastructure.sql.erasures import SqlErasureTransaction
    from identity.infrastructure.sql.notice_requests import SqlNoticeRequestTransaction
    from identity.infrastructure.sql.transaction import SqlIdentityTransaction
    from identity.infrastructure.vault import Vault


def vault(settings: IdentitySettings) -> "Vault":
    from identity.infrastructure.vault import Vault

    return Vault(*settings.keys(), digest_key=settings.digest())


def unit_of_work(settings: IdentitySettings, database: "Database") -> "SqlUnitOfWork[SqlIdentityTransaction]":
    from chassis.persistence.unit_of_work import SqlUnitOfWork
    from identity.infrastructure.sql.transaction import SqlIdentityTransaction

    transaction = partial(
        SqlIdentityTransaction,
        vault=vault(settings),
        defer_delivery=delivery_queue(settings.NAME),
        defer_fan_out=notice_queue(settings.NAME),
        defer_to_address=address_queue(settings.NAME),
        attempts_singly_max=settings.attempts_recorded_singly,
        acts_singly_max=settings.acts_recorded_singly,
    )
    return SqlUnitOfWork(database, transaction, PUBLICATIONS, service=settings.NAME)


def erasure_unit_of_work(settings: IdentitySettings, database: "Database") -> "SqlUnitOfWork[SqlErasureTransaction]":
    """Build the unit of work in which a worker records answers. It needs no master key."""
    from chassis.persistence.unit_of_work import SqlUnitOfWork
    from identity.infrastructure.sql.erasures import SqlErasureTransaction

    return SqlUnitOfWork(database, SqlErasureTransaction, PUBLICATIONS, service=settings.NAME)


def approval_unit_of_work(settings: IdentitySettings, database: "Database") -> "SqlUnitOfWork[SqlApprovalTransaction]":
    """Build the unit of work in which a worker records decisions. It needs no master key."""
    from chassis.approvals.table import SqlApprovalTransaction
    from chassis.persistence.unit_of_work import SqlUnitOfWork

    return SqlUnitOfWork(database, SqlApprovalTransaction, PUBLICATIONS, service=settings.NAME)


@cache
def delivery_queue(service: str) -> "DeliveryQueue":
    from identity.infrastructure.delivery_queue import DeliveryQueue
    from identity.interfaces.jobs import DELIVER, MESSAGES_QUEUE

    return DeliveryQueue(task=f"{service}:{DELIVER}", queue=MESSAGES_QUEUE)


@cache
def notice_queue(service: str) -> "DeliveryQueue":
    from identity.infrastructure.delivery_queue import DeliveryQueue
    from identity.interfaces.jobs import INFORM, NOTICES_QUEUE

    return DeliveryQueue(task=f"{service}:{INFORM}", queue=NOTICES_QUEUE, item="notice_request")


@cache
def address_queue(service: str) -> "DeliveryQueue":
    from identity.infrastructure.delivery_queue import DeliveryQueue
    from identity.interfaces.jobs import DELIVER_TO_ADDRESS, MESSAGES_QUEUE

    return DeliveryQueue(task=f"{service}:{DELIVER_TO_ADDRESS}", queue=MESSAGES_QUEUE, item="address_message")


def notice_request_unit_of_work(settings: IdentitySettings, database: "Database") -> "SqlUnitOfWork[SqlNoticeRequestTransaction]":
    """Build the unit of work in which a worker stores requested notices. It needs no master key."""
    from chassis.persistence.unit_of_work import SqlUnitOfWork
    from identity.infrastructure.sql.notice_requests import SqlNoticeRequestTransaction

    transaction = partial(SqlNoticeRequestTransaction, defer_fan_out=notice_queue(settings.NAME))
    return SqlUnitOfWork(database, transaction, PUBLICATIONS, service=settings.NAME)


def hashing(settings: IdentitySettings) -> "Argon2Passwords":
    from identity.infrastructure.passwords import Argon2Passwords

    return Argon2Passwords(
        memory_kib=settings.argon2_memory_kib,
        passes=settings.argon2_passes,
        workers=settings.hash_workers,
        waiting_max=settings.hash_waiting_max,
        keep_memory=settings.hash_memory_kept,
    )


def attempts(settings: IdentitySettings, redis: "Redis") -> "RedisAttemptLimits":
    """Build the limits of attempts. The process that unlocks must have the same limits, because counts are stored per limit."""
    from identity.infrastructure.attempt_limits import RedisAttemptLimits

    return RedisAttemptLimits(
        redis,
        settings.redis_url.get_secret_value(),
        per_hour=settings.login_attempts_per_hour,
        per_hour_of_address=settings.login_failures_per_hour_of_address,
        in_a_row=settings.login_failures_in_a_row,
    )


def password_policy(settings: IdentitySettings) -> "PasswordPolicy":
    from identity.domain.password_policy import PasswordPolicy

    return PasswordPolicy(
        length_min=settings.password_length_min,
        length_min_single_factor=settings.password_length_min_single_factor,
        complexity=settings.password_complexity,
    )


def create_administrator(
    settings: IdentitySettings, *, database: "Database", passwords: "PasswordHasher", clock: Clock
) -> "CreateAdministrator":
    from identity.application.users.create_administrator import CreateAdministrator
    from identity.infrastructure.contact_parsing import ContactParser
    from identity.infrastructure.generated_password import generate_password

    return CreateAdministrator(
        uow=unit_of_work(settings, database),
        passwords=passwords,
        policy=password_policy(settings),
        contacts=ContactParser(),
        generate_password=generate_password,
        clock=clock,
    )


def message_transport(settings: IdentitySettings) -> "MessageTransport":
    """Build the transports of messages. Locally, an unconfigured one is the developer's mailbox; elsewhere mail is required."""
    from identity.infrastructure.delivery import MailboxOnly, NoSmsGateway, TransportByChannel
    from identity.infrastructure.delivery.sms import HttpSmsTransport
    from identity.infrastructure.delivery.smtp import SmtpTransport

    email: MessageTransport = MailboxOnly()
    sms: MessageTransport = MailboxOnly() if settings.has_mailbox else NoSmsGateway()
    if settings.smtp_host:
        email = SmtpTransport(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            sender=settings.mail_from,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        )
    if settings.sms_url:
        token = settings.sms_token.get_secret_value() if settings.sms_token else ""
        sms = HttpSmsTransport(url=settings.sms_url, sender=settings.sms_from, token=token)
    if not settings.has_mailbox and not settings.smtp_host:
        raise ValueError(f"ELCORP_SMTP_HOST is required in {settings.environment}")
    return TransportByChannel(email, sms)
