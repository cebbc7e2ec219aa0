"""Identity's `jobs` process: messages leave from here, and what has expired is dropped."""

# What only one process needs is imported where it is built.
# ruff: noqa: PLC0415

from typing import TYPE_CHECKING

from identity.settings import IdentitySettings

if TYPE_CHECKING:
    import procrastinate

    from identity.application.ports.messages import Post


def jobs(settings: IdentitySettings) -> "procrastinate.App":
    from chassis.jobs import make_jobs
    from chassis.persistence.database import Database
    from identity.application.accounts.purge_codes import PurgeCodes
    from identity.application.attempts.record_counted_attempts import RecordCountedAttempts
    from identity.application.factors.purge_challenges import PurgeChallenges
    from identity.application.messages.deliver_message import DeliverMessage
    from identity.application.messages.resume_messages import ResumeMessages
    from identity.application.privacy.carry_out_erasures import CarryOutErasures
    from identity.application.sessions.end_overdue_sessions import EndOverdueSessions
    from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys
    from identity.bootstrap.parts import unit_of_work, vault
    from identity.infrastructure.queries import SqlIdentityQueries
    from identity.infrastructure.signing_keys import SealedKeyMaker
    from identity.interfaces.jobs import account_jobs, attempt_jobs, factor_jobs, message_jobs, privacy_jobs, session_jobs
    from kernel.clock import SystemClock

    clock = SystemClock()
    # Connects at the first job, and lives as long as the process.
    database = Database.of(settings)
    uow = unit_of_work(settings, database)
    queries = SqlIdentityQueries(database, vault(settings), clock)
    deliver = DeliverMessage(
        uow,
        queries,
        post(settings),
        clock,
        keep_content=settings.has_mailbox,
    )
    tidying = (
        account_jobs(PurgeCodes(uow, clock)),
        factor_jobs(PurgeChallenges(uow, clock)),
        attempt_jobs(RecordCountedAttempts(uow, clock), job_seconds=settings.job_seconds),
        privacy_jobs(CarryOutErasures(uow, queries, clock), job_seconds=settings.job_seconds),
        session_jobs(
            EndOverdueSessions(uow, clock, settings.session_idle),
            RotateSigningKeys(uow, SealedKeyMaker(*settings.keys()), clock, settings.signing_key_life),
        ),
    )
    messages = message_jobs(deliver, ResumeMessages(uow, queries, clock), job_seconds=settings.job_seconds)
    return make_jobs(settings, [messages, *tidying])


def post(settings: IdentitySettings) -> "Post":
    """Build the ways out. What is not configured is the developer's mailbox locally; elsewhere mail must be."""
    from identity.infrastructure.post import MailboxOnly, NoWayOut, PostByChannel
    from identity.infrastructure.post.sms import HttpSmsPost
    from identity.infrastructure.post.smtp import SmtpPost

    email: Post = MailboxOnly()
    sms: Post = MailboxOnly() if settings.has_mailbox else NoWayOut()
    if settings.smtp_host:
        email = SmtpPost(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            sender=settings.mail_from,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        )
    if settings.sms_url:
        token = settings.sms_token.get_secret_value() if settings.sms_token else ""
        sms = HttpSmsPost(url=settings.sms_url, sender=settings.sms_from, token=token)
    if not settings.has_mailbox and not settings.smtp_host:
        raise ValueError(f"ELCORP_SMTP_HOST is needed in {settings.environment}")
    return PostByChannel(email, sms)
