"""How identity's processes are assembled; only `wiring` and `commands` name concrete classes too."""

# Import what only one process needs where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from chassis.persistence.scope import PLATFORM
from chassis.run import Service, Serving, Working
from chassis.run.folders import migrations_of
from identity.commands import COMMANDS
from identity.interfaces.publications import PUBLICATIONS
from identity.settings import IdentitySettings
from identity.wiring.adapters import (
    approval_unit_of_work,
    attempts,
    erasure_unit_of_work,
    hashing,
    message_transport,
    notice_request_unit_of_work,
    unit_of_work,
    vault,
)
from kernel.clock import SystemClock

if TYPE_CHECKING:
    import grpc.aio
    import procrastinate

    from chassis.approvals.unfinished import ExecuteDecided
    from chassis.persistence.database import Database
    from identity.infrastructure.sql.transaction import SqlIdentityTransaction


@asynccontextmanager
async def serving(settings: IdentitySettings) -> AsyncIterator[Serving]:
    from chassis.rpc import connect
    from chassis.run import service_resources
    from identity.infrastructure.governance import GovernanceAuthority, GovernanceRoles
    from identity.infrastructure.revocations import RedisRevocations
    from identity.infrastructure.signing_keys import KeyReloader, KeyRing, SealedKeyMaker
    from identity.interfaces.first_start import AdministratorCheck, FirstStart
    from identity.interfaces.grpc import rpc_services
    from identity.interfaces.rest import jwks_router, served
    from identity.wiring.dependencies import Dependencies
    from identity.wiring.use_cases import build

    ring = KeyRing(SealedKeyMaker(*settings.keys()), SystemClock())
    async with service_resources(settings, keys=ring) as resources, connect(settings, "governance") as governance:
        passwords = hashing(settings)
        given = Dependencies(
            settings=settings,
            database=resources.database,
            ring=ring,
            passwords=passwords,
            roles=GovernanceRoles(governance),
            attempts=attempts(settings, resources.redis),
            revocations=RedisRevocations(resources.redis),
            permissions=resources.policies,
            authority=GovernanceAuthority(governance),
            clock=resources.clock,
        )
        identity = build(given)
        administrator = AdministratorCheck()
        first_start = FirstStart(
            identity.signing_keys.ensure_signing_keys, identity.users.create_administrator, ring.load, settings, administrator
        )
        resources.readiness.add("signing_keys", ring.check)
        resources.readiness.add("administrator", administrator, required=False)
        rest = resources.rest(identity, (*served(mailbox=settings.has_mailbox), jwks_router(ring.jwks)), title="Elcorp identity")
        reloader = KeyReloader(identity.signing_keys.list_signing_keys, ring)
        yield resources.serving(rest, rpc_services(identity), first_start.run, reloader.run)
        passwords.close()


@asynccontextmanager
async def working(settings: IdentitySettings) -> AsyncIterator[Working]:
    """Relay identity's events, and keep the lists of ended sessions and changed factors by handling them."""
    from chassis.approvals.receiving import ReceiveDecision
    from chassis.approvals.signing import DecisionKeys
    from chassis.run import worker_resources
    from identity.application.erasures.acknowledge_erasure import AcknowledgeErasure
    from identity.application.factors.record_changed_factors import RecordChangedFactors
    from identity.application.notices.receive_notice_request import ReceiveNoticeRequest
    from identity.application.sessions.record_revocation import RecordRevocation
    from identity.infrastructure.notice_recipients import KnownRecipients
    from identity.infrastructure.revocations import RedisRevocations
    from identity.interfaces.subscriptions import subscriptions

    async with worker_resources(settings, PUBLICATIONS) as worker:
        database, clock, revocations = worker.database, worker.clock, RedisRevocations(worker.redis())
        consumed = subscriptions(
            RecordRevocation(revocations=revocations),
            RecordChangedFactors(revocations=revocations),
            AcknowledgeErasure(uow=erasure_unit_of_work(settings, database), clock=clock),
            ReceiveNoticeRequest(uow=notice_request_unit_of_work(settings, database), recipients=KnownRecipients(), clock=clock),
        )
        # Governance has no key yet, so its decisions are refused.
        receive_decision = ReceiveDecision(
            uow=approval_unit_of_work(settings, database), keys=DecisionKeys({}), service=settings.NAME, clock=clock
        )
        yield worker.working([*consumed, receive_decision.subscription])


def jobs(settings: IdentitySettings) -> "procrastinate.App":
    """Send messages, inform people of notices, carry out decisions on recovery, and delete expired data."""
    from chassis.approvals.jobs import approval_jobs
    from chassis.jobs import make_jobs
    from chassis.persistence.database import Database
    from chassis.rpc import connect
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
    from identity.infrastructure.notice_recipients import GovernanceRecipients
    from identity.infrastructure.signing_keys import SealedKeyMaker
    from identity.infrastructure.sql.views import SqlViews
    from identity.interfaces.jobs import (
        address_jobs,
        attempt_jobs,
        erasure_jobs,
        factor_jobs,
        message_jobs,
        notice_jobs,
        registration_jobs,
        session_jobs,
    )

    clock = SystemClock()
    # Connects at the first job and lives as long as the process.
    database = Database.of(settings, scope=PLATFORM)
    uow = unit_of_work(settings, database)
    views = SqlViews.of(database, vault(settings), clock)
    transport = message_transport(settings)
    deliver = DeliverMessage(uow=uow, views=views.messages, transport=transport, clock=clock, keep_content=settings.has_mailbox)
    tidying = (
        registration_jobs(PurgeCodes(uow=uow, clock=clock)),
        factor_jobs(PurgeChallenges(uow=uow, clock=clock)),
        attempt_jobs(RecordCountedAttempts(uow=uow, clock=clock), job_seconds=settings.job_seconds),
        erasure_jobs(CarryOutErasures(uow=uow, book=views.erasures, clock=clock), job_seconds=settings.job_seconds),
        session_jobs(
            EndOverdueSessions(uow=uow, clock=clock, idle_for=settings.session_idle),
            RotateSigningKeys(
                uow=uow,
                key_maker=SealedKeyMaker(*settings.keys()),
                clock=clock,
                key_life=settings.signing_key_life,
            ),
        ),
    )
    resume = ResumeMessages(uow=uow, messages=views.messages, clock=clock)
    messages = message_jobs(deliver, resume, job_seconds=settings.job_seconds)
    governance = connect(settings, "governance")
    recipients = GovernanceRecipients(governance)
    notices = notice_jobs(
        InformPeople(uow=uow, recipients=recipients, clock=clock),
        SendDueMail(uow=uow, book=views.notices, clock=clock),
        ResumeNoticeRequests(uow=uow, book=views.notices, clock=clock),
        PurgeNotices(uow=uow, clock=clock),
        job_seconds=settings.job_seconds,
    )
    addresses = address_jobs(
        DeliverToAddress(uow=uow, transport=transport, clock=clock, keep_content=settings.has_mailbox),
        TendAddressMessages(uow=uow, book=views.address_messages, clock=clock),
        job_seconds=settings.job_seconds,
    )
    approvals = approval_jobs(_executing_approvals(settings, database, governance), job_seconds=settings.job_seconds)
    return make_jobs(settings, [messages, notices, addresses, approvals, *tidying])


def _executing_approvals(
    settings: IdentitySettings, database: "Database", governance: "grpc.aio.Channel"
) -> "ExecuteDecided[SqlIdentityTransaction]":
    """Build what carries out decisions on recovery. Policies and roles of those who decided are fetched when it is needed."""
    from chassis.policies import BundleRefresher, GovernanceBundles, GovernanceLimitedRoles, Policies
    from chassis.policies.recording import recorded_decisions
    from identity.application.sessions.end_session import EndSession
    from identity.application.sessions.end_sessions import EndSessions
    from identity.infrastructure.decider_rights import CurrentDeciderRights
    from identity.infrastructure.event_revocations import EventRevocations
    from identity.infrastructure.governance import GovernanceAuthority, GovernanceRoles
    from identity.wiring.approvals import execute_decided, execute_recovery_approval

    clock, revocations = SystemClock(), EventRevocations()
    authority, decisions = GovernanceAuthority(governance), recorded_decisions(database, settings.NAME)
    policies = Policies.of(settings, clock, decisions)
    refresher = BundleRefresher(GovernanceBundles(governance), policies, limited_roles=GovernanceLimitedRoles(governance))
    execute = execute_recovery_approval(
        settings=settings,
        database=database,
        authority=authority,
        end_sessions=EndSessions(end_session=EndSession(revocations=revocations)),
        revocations=revocations,
        clock=clock,
    )
    rights = CurrentDeciderRights(unit_of_work(settings, database), GovernanceRoles(governance), policies, refresher.refresh)
    return execute_decided(execute, settings=settings, database=database, rights=rights, authority=authority, clock=clock)


async def check_keys(settings: IdentitySettings, database: "Database") -> None:
    """Raise SettingRefused if the database was written with other keys; a process without a master key opens nothing."""
    from identity.infrastructure.signing_keys import SealedKeyMaker
    from identity.infrastructure.sql.wrapped_keys import require_keys

    if not list(settings.missing(("master_key",))):
        await require_keys(database, vault(settings), SealedKeyMaker(*settings.keys()))


SERVICE = Service(
    name=IdentitySettings.NAME,
    settings=IdentitySettings,
    serving=serving,
    working=working,
    migrations=migrations_of(IdentitySettings.NAME),
    jobs=jobs,
    job_peers=IdentitySettings.PEERS,
    # A worker stores and opens nothing sealed.
    needs={"serve": ("master_key",), "jobs": ("master_key",), "work": ("redis_url",)},
    check=check_keys,
    commands=COMMANDS,
)
