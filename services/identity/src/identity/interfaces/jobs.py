"""Identity's background jobs."""

from uuid import UUID

from procrastinate import Blueprint, RetryStrategy

from chassis.jobs import each
from identity.application.attempts.record_counted_attempts import RecordCountedAttempts
from identity.application.erasures.carry_out_erasures import CarryOutErasures
from identity.application.factors.purge_challenges import PurgeChallenges
from identity.application.messages.deliver_message import DeliverMessage
from identity.application.messages.resume_messages import ResumeMessages
from identity.application.notices.deliver_to_address import DeliverToAddress
from identity.application.notices.inform_people import InformPeople
from identity.application.notices.purge_notices import PurgeNotices
from identity.application.notices.resume_notice_requests import ResumeNoticeRequests
from identity.application.notices.send_due_mail import SendDueMail
from identity.application.notices.tend_address_messages import TendAddressMessages
from identity.application.registration.purge_codes import PurgeCodes
from identity.application.sessions.end_overdue_sessions import EndOverdueSessions
from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys

# About 2, 4, 8, … seconds apart: half an hour in all, after which a code has expired anyway. Notices are then resumed.
_DELIVERY_ATTEMPTS_MAX = 11
DELIVER = "deliver_message"
MESSAGES_QUEUE = "messages"
DELIVER_TO_ADDRESS = "deliver_to_address"
INFORM = "inform_people"
NOTICES_QUEUE = "notices"


def message_jobs(deliver_message: DeliverMessage, resume_messages: ResumeMessages, *, job_seconds: int) -> Blueprint:
    """Return the job that delivers a message, queued with it, and the job that queues undelivered notices again."""
    blueprint = Blueprint()

    @blueprint.task(
        name=DELIVER, queue=MESSAGES_QUEUE, retry=RetryStrategy(max_attempts=_DELIVERY_ATTEMPTS_MAX, exponential_wait=2)
    )
    async def deliver(message_id: str) -> None:
        await deliver_message(message_id=UUID(message_id))

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="resume_messages", queue="maintenance", queueing_lock="resume_messages")
    async def resume(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await resume_messages()

    return blueprint


def notice_jobs(
    inform_people: InformPeople,
    send_due_mail: SendDueMail,
    resume: ResumeNoticeRequests,
    purge: PurgeNotices,
    *,
    job_seconds: int,
) -> Blueprint:
    """Return the job that informs people, queued with a request, and the jobs that send, resume and purge."""
    blueprint = Blueprint()

    @blueprint.task(
        name=INFORM, queue=NOTICES_QUEUE, retry=RetryStrategy(max_attempts=_DELIVERY_ATTEMPTS_MAX, exponential_wait=2)
    )
    async def inform(notice_request_id: str) -> None:
        await inform_people(request_id=UUID(notice_request_id))

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="send_due_mail", queue="maintenance", queueing_lock="send_due_mail")
    async def send(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await send_due_mail()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="resume_notice_requests", queue="maintenance", queueing_lock="resume_notice_requests")
    async def resume_requests(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await resume()

    @blueprint.periodic(cron="50 * * * *")
    @blueprint.task(name="purge_notices", queue="maintenance", queueing_lock="purge_notices")
    async def purge_old(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await purge()

    return blueprint


def address_jobs(
    deliver_to_address: DeliverToAddress, tend_address_messages: TendAddressMessages, *, job_seconds: int
) -> Blueprint:
    """Return the job that delivers a message to an address, and the job that ends and resumes them."""
    blueprint = Blueprint()

    @blueprint.task(
        name=DELIVER_TO_ADDRESS,
        queue=MESSAGES_QUEUE,
        retry=RetryStrategy(max_attempts=_DELIVERY_ATTEMPTS_MAX, exponential_wait=2),
    )
    async def deliver(address_message_id: str) -> None:
        await deliver_to_address(message_id=UUID(address_message_id))

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="tend_address_messages", queue="maintenance", queueing_lock="tend_address_messages")
    async def tend(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await tend_address_messages()

    return blueprint


def registration_jobs(purge_codes: PurgeCodes) -> Blueprint:
    """Return the job that purges expired codes."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="25 * * * *")
    @blueprint.task(name="purge_codes", queue="maintenance", queueing_lock="purge_codes")
    async def purge(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await purge_codes()

    return blueprint


def factor_jobs(purge_challenges: PurgeChallenges) -> Blueprint:
    """Return the job that purges expired challenges and links."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="40 * * * *")
    @blueprint.task(name="purge_challenges", queue="maintenance", queueing_lock="purge_challenges")
    async def purge(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await purge_challenges()

    return blueprint


def attempt_jobs(record_counted: RecordCountedAttempts, *, job_seconds: int) -> Blueprint:
    """Return the job that records counted attempts in the audit log."""
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="record_counted_attempts", queue="maintenance", queueing_lock="record_counted_attempts")
    async def record(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await record_counted()

    return blueprint


def erasure_jobs(carry_out_erasures: CarryOutErasures, *, job_seconds: int) -> Blueprint:
    """Return the job that carries out due erasures and asks services that have not answered again."""
    blueprint = Blueprint()

    @blueprint.periodic(cron=each(job_seconds))
    @blueprint.task(name="carry_out_erasures", queue="maintenance", queueing_lock="carry_out_erasures")
    async def carry_out(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await carry_out_erasures()

    return blueprint


def session_jobs(end_overdue: EndOverdueSessions, rotate_keys: RotateSigningKeys) -> Blueprint:
    """Return the jobs that end overdue sessions and rotate signing keys."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="*/15 * * * *")
    @blueprint.task(name="end_overdue_sessions", queue="maintenance", queueing_lock="end_overdue_sessions")
    async def end_sessions(timestamp: int) -> int:  # noqa: ARG001  # the tick
        return await end_overdue()

    @blueprint.periodic(cron="5 * * * *")
    @blueprint.task(name="rotate_signing_keys", queue="maintenance", queueing_lock="rotate_signing_keys")
    async def rotate(timestamp: int) -> bool:  # noqa: ARG001  # the tick
        return (await rotate_keys()).rotated

    return blueprint
