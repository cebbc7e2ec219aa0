"""Assembles the processes of payments. Only this file and `wiring` name concrete classes."""

# Import what only one process needs where it is built, so that a worker never loads the web framework.
# ruff: noqa: PLC0415

import argparse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from chassis.persistence.connections import LONG_STATEMENT_SECONDS
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.persistence.scope import PLATFORM
from chassis.projections.command import projections_command
from chassis.run import Command, Service, Serving, Working
from chassis.run.folders import migrations_of
from kernel.clock import SystemClock
from payments.interfaces.publications import PUBLICATIONS
from payments.settings import PaymentsSettings

if TYPE_CHECKING:
    import grpc.aio
    import procrastinate

    from chassis.projections.follower import Projection
    from chassis.run.resources import ServiceResources
    from kernel.approval_ports import Deciders
    from kernel.objects import ObjectStore, Scanner
    from payments.application.ports.bulk_transfers import RuleRefresher
    from payments.application.ports.payer_rights import Standings
    from payments.application.transfers.post_transfers import PostTransfers
    from payments.infrastructure.cached_prices import CachedPrices
    from payments.infrastructure.payer_rights import PeersAuthority
    from payments.wiring.dependencies import Dependencies


@asynccontextmanager
async def serving(settings: PaymentsSettings) -> AsyncIterator[Serving]:
    """Serve REST and gRPC."""
    from chassis.objects.configured import object_store, scanner
    from chassis.rpc import connect
    from chassis.run import service_resources
    from elcorp.payments.v1 import events_pb2
    from payments.infrastructure.cached_prices import CachedPrices
    from payments.infrastructure.sql.idempotency_keys import OWN_KEYS
    from payments.infrastructure.sql.prices import SqlPrices
    from payments.interfaces.grpc import rpc_services
    from payments.interfaces.rest import ROUTERS
    from payments.wiring.use_cases import build

    async def on_pricing_changed(delivery: Delivery[events_pb2.PricingChanged]) -> None:
        await prices.on_changed(delivery)

    async with (
        service_resources(settings, listen={events_pb2.PricingChanged: on_pricing_changed}, own_keys=OWN_KEYS) as resources,
        connect(settings, "compliance") as compliance,
        connect(settings, "identity") as identity,
        connect(settings, "governance") as governance,
    ):
        prices = CachedPrices(SqlPrices(resources.database).reaching, resources.clock)
        resources.readiness.add("prices", prices.check)
        files, files_scanner = object_store(settings), scanner(settings)
        # Without them, everything but files is served.
        resources.readiness.add("objects", files.ping, required=False)
        resources.readiness.add("scanner", files_scanner.ping, required=False)
        peers = {"compliance": compliance, "identity": identity, "governance": governance}
        given = _dependencies(settings, resources, prices, files, files_scanner, peers)
        payments = build(given)
        rest = resources.rest(payments, ROUTERS, title="Elcorp payments")
        grpc = rpc_services(payments, resources.access_control)
        yield resources.serving(rest, grpc, prices.run)


def _dependencies(
    settings: PaymentsSettings,
    resources: "ServiceResources",
    prices: "CachedPrices",
    files: "ObjectStore",
    files_scanner: "Scanner",
    peers: "Mapping[str, grpc.aio.Channel]",
) -> "Dependencies":
    from payments.infrastructure.approval_policies import BundledApprovals
    from payments.infrastructure.audit_log import ComplianceAuditLog
    from payments.infrastructure.payer_rights import GovernanceMemberships
    from payments.infrastructure.payment_permissions import BundledPermissions
    from payments.infrastructure.screening import ComplianceScreening
    from payments.infrastructure.signatures import DeviceSignatures
    from payments.wiring.dependencies import Dependencies

    return Dependencies(
        settings=settings,
        database=resources.database,
        screening=ComplianceScreening(peers["compliance"]),
        signatures=DeviceSignatures(peers["identity"]),
        standings=_standings(settings, resources.database, peers["identity"]),
        memberships=GovernanceMemberships(peers["governance"]),
        audit_log=ComplianceAuditLog(peers["compliance"]),
        prices=prices,
        limits=prices,
        approvals=BundledApprovals(resources.policies),
        permissions=resources.policies,
        payment_permissions=BundledPermissions(resources.policies),
        objects=files,
        scanner=files_scanner,
        clock=resources.clock,
    )


def _standings(settings: PaymentsSettings, database: Database, identity: "grpc.aio.Channel") -> "Standings":
    from payments.infrastructure.copies import Copies
    from payments.infrastructure.payer_rights import CopiedStandings, IdentityStandings

    copies = Copies(database, seconds_max=settings.projection_seconds_max)
    return CopiedStandings(copies, IdentityStandings(identity))


@asynccontextmanager
async def working(settings: PaymentsSettings) -> AsyncIterator[Working]:
    """Relay events, open a wallet for each user that identity announces, and stop payments of users who may not act."""
    from chassis.approvals.receiving import ReceiveDecision
    from chassis.approvals.signing import DecisionKeys
    from chassis.run import worker_resources
    from payments.application.erasures.acknowledge_erasure import AcknowledgeErasure
    from payments.application.payers.stop_payer import StopPayer
    from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
    from payments.infrastructure.copies import copy_grants, copy_standing, grant_projection, standing_projection
    from payments.infrastructure.payer_rights import IdentityStandings
    from payments.infrastructure.sql.wallets import SqlWalletViews
    from payments.interfaces.subscriptions import subscriptions
    from payments.wiring.dependencies import unit_of_work

    async with worker_resources(settings, PUBLICATIONS) as worker:
        database, clock, identity = worker.database, worker.clock, worker.peer("identity")
        uow = unit_of_work(database)
        standings = standing_projection(database, identity, seconds_max=settings.projection_seconds_max)
        grants = grant_projection(database, worker.peer("governance"), seconds_max=settings.projection_seconds_max)
        # Without them, payments asks identity and governance about each payer.
        for copy in (standings, grants):
            worker.readiness.add(copy.name, copy.check, required=False)
        consumed = subscriptions(
            open_issued_wallet=OpenIssuedWallet(uow=uow, clock=clock),
            acknowledge_erasure=AcknowledgeErasure(uow=uow, wallets=SqlWalletViews(database), clock=clock),
            stop_payer=StopPayer(uow=uow, standings=IdentityStandings(identity), clock=clock),
            copy_standing=copy_standing(standings),
            copy_grants=copy_grants(grants),
        )
        # Governance has no key yet, so its decisions are refused.
        receive_decision = ReceiveDecision(uow=uow, keys=DecisionKeys({}), service=settings.NAME, clock=clock)
        yield worker.working([*consumed, receive_decision.subscription], standings.run, grants.run)


def jobs(settings: PaymentsSettings) -> "procrastinate.App":
    """Run bulk transfers, schedules and the ledger's jobs."""
    from chassis.approvals.jobs import approval_jobs
    from chassis.business_time.namibia import namibian_calendar
    from chassis.jobs import WorkJob, long_work_jobs, make_jobs
    from chassis.long_work import LongWorkRunner
    from chassis.objects.configured import object_store
    from payments.application.bulk_transfers.collect_objects import CollectObjects
    from payments.application.bulk_transfers.expire_bulks import ExpireBulks
    from payments.application.bulk_transfers.judge_bulk import JudgeBulk
    from payments.application.bulk_transfers.resume_bulks import ResumeBulks
    from payments.application.bulk_transfers.run_bulk import RunBulk
    from payments.application.ledger.check_ledger import CheckLedger
    from payments.application.ledger_verifications import audit
    from payments.application.ledger_verifications.check_whole_ledger import CheckWholeLedger
    from payments.application.ports.queued_jobs import CHECK_WHOLE_LEDGER, QUEUED
    from payments.application.schedules.align_schedules import AlignSchedules
    from payments.application.schedules.run_schedules import RunSchedules
    from payments.application.transfers.expire_transfers import ExpireTransfers
    from payments.infrastructure.job_queue import JOB_QUEUE
    from payments.infrastructure.ledger_metrics import LedgerMetrics
    from payments.infrastructure.sql.accounts import SqlAccountLookup
    from payments.infrastructure.sql.bulk_transfers import object_claims
    from payments.infrastructure.sql.ledger_check import SqlLedgerCheck
    from payments.infrastructure.sql.ledger_verifications import SqlWholeLedger
    from payments.interfaces.jobs import bulk_jobs, ledger_jobs, schedule_jobs
    from payments.wiring.approvals import execute_decided
    from payments.wiring.dependencies import unit_of_work

    clock, calendar = SystemClock(), namibian_calendar(settings.declared_days)
    # Connects at the first job and stays open for the life of the process.
    database = Database.of(settings, statement_seconds=LONG_STATEMENT_SECONDS, scope=PLATFORM)
    uow = unit_of_work(database)
    post, rules, authority, deciders = _posting(settings, database)
    execute_approvals = execute_decided(
        settings=settings,
        database=database,
        screening=post.screening,
        standings=authority.standings,
        memberships=authority.memberships,
        deciders=deciders,
        clock=clock,
    )

    async def execute_by_current_rules() -> int:
        await rules.refresh()
        return await execute_approvals()

    judge = JudgeBulk(
        wallets=SqlAccountLookup(database),
        approvals=post.approvals,
        payment_permissions=post.payment_permissions,
        policy=post.policy,
        terms=post.terms,
    )
    verification = LongWorkRunner(
        kind=audit.KIND,
        service=settings.NAME,
        uow=uow,
        database=database,
        audited=audit.VERIFICATION,
        steps=CheckWholeLedger(ledger=SqlWholeLedger(database)),
        clock=clock,
    )
    job_seconds = settings.job_seconds
    return make_jobs(
        settings,
        [
            ledger_jobs(
                expire_transfers=ExpireTransfers(uow=uow, clock=clock),
                check_ledger=CheckLedger(uow=uow, ledger=SqlLedgerCheck(database), alarm=LedgerMetrics(), clock=clock),
                job_seconds=job_seconds,
            ),
            bulk_jobs(
                run_bulk=RunBulk(uow=uow, post=post, rules=rules, authority=authority, judge_bulk=judge, clock=clock),
                resume_bulks=ResumeBulks(uow=uow, clock=clock),
                expire_bulks=ExpireBulks(uow=uow, clock=clock),
                collect_objects=CollectObjects(claims=object_claims(database), objects=object_store(settings), clock=clock),
                job_seconds=job_seconds,
            ),
            approval_jobs(execute_by_current_rules, job_seconds=job_seconds),
            schedule_jobs(
                run_schedules=RunSchedules(uow=uow, post=post, rules=rules, authority=authority, clock=clock, calendar=calendar),
                align_schedules=AlignSchedules(uow=uow, calendar=calendar, clock=clock),
                job_seconds=job_seconds,
            ),
            long_work_jobs([WorkJob(CHECK_WHOLE_LEDGER, verification)], database=database, queue=JOB_QUEUE),
        ],
        queued=QUEUED,
    )


def _posting(settings: PaymentsSettings, database: Database) -> "tuple[PostTransfers, RuleRefresher, PeersAuthority, Deciders]":
    """Build the parts that move money. Rules and the authority of payers and deciders are fetched when a job needs them."""
    from chassis.policies import BundleRefresher, GovernanceBundles, GovernanceLimitedRoles, Policies
    from chassis.policies.recording import recorded_decisions
    from chassis.rpc import connect
    from payments.application.transfers.post_transfers import PostTransfers
    from payments.domain.approval import APPROVED_BY
    from payments.infrastructure.approval_policies import BundledApprovals
    from payments.infrastructure.cached_prices import CachedPrices
    from payments.infrastructure.copies import Copies
    from payments.infrastructure.fresh_rules import FreshRules
    from payments.infrastructure.payer_rights import (
        CopiedRoles,
        GovernanceMemberships,
        GovernanceRoles,
        PeersAuthority,
        PeersDeciders,
    )
    from payments.infrastructure.payment_permissions import BundledPermissions
    from payments.infrastructure.screening import ComplianceScreening
    from payments.infrastructure.signatures import DeviceSignatures
    from payments.infrastructure.sql.prices import SqlPrices
    from payments.wiring.dependencies import unit_of_work

    clock = SystemClock()
    prices = CachedPrices(SqlPrices(database).reaching, clock)
    policies = Policies.of(settings, clock, recorded_decisions(database, settings.NAME))
    governance = connect(settings, "governance")
    refresher = BundleRefresher(GovernanceBundles(governance), policies, limited_roles=GovernanceLimitedRoles(governance))
    identity = connect(settings, "identity")
    roles = CopiedRoles(Copies(database, seconds_max=settings.projection_seconds_max), GovernanceRoles(governance))
    standings = _standings(settings, database, identity)
    memberships = GovernanceMemberships(governance)
    authority = PeersAuthority(standings, roles, policies, memberships=memberships)
    permissions = BundledPermissions(policies)
    approvers = PeersAuthority(standings, roles, policies, memberships=memberships, permission=APPROVED_BY)
    deciders = PeersDeciders(approvers, permissions)
    post = PostTransfers(
        uow=unit_of_work(database),
        screening=ComplianceScreening(connect(settings, "compliance")),
        signatures=DeviceSignatures(identity),
        prices=prices,
        limits=prices,
        approvals=BundledApprovals(policies),
        payment_permissions=permissions,
        policy=settings.payer_policy,
        terms=settings.terms,
        clock=clock,
    )
    return post, FreshRules([prices.refresh, refresher.refresh]), authority, deciders


@asynccontextmanager
async def copies(settings: PaymentsSettings) -> "AsyncIterator[tuple[Database, Mapping[str, Projection]]]":
    """Open the copies of other services' rows for the command."""
    from chassis.rpc import connect
    from payments.infrastructure.copies import grant_projection, standing_projection

    database = Database.of(settings, pool_size=2)
    async with connect(settings, "identity") as identity, connect(settings, "governance") as governance:
        seconds_max = settings.projection_seconds_max
        opened = (
            standing_projection(database, identity, seconds_max=seconds_max),
            grant_projection(database, governance, seconds_max=seconds_max),
        )
        try:
            yield database, {copy.name: copy for copy in opened}
        finally:
            await database.close()


async def ledger(settings: PaymentsSettings, _arguments: argparse.Namespace) -> int:
    """Verify the whole ledger. Return 1 if it does not add up."""
    from payments.infrastructure.sql.ledger_verifications import LedgerVerification
    from payments.interfaces.commands import print_findings

    database = Database.of(settings, pool_size=1)
    try:
        return 1 if await print_findings(LedgerVerification(database).findings()) else 0
    finally:
        await database.close()


def _ledger_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("act", choices=["verify"], help="check every balance, entry and hold against the postings")


SERVICE = Service(
    name=PaymentsSettings.NAME,
    settings=PaymentsSettings,
    serving=serving,
    working=working,
    migrations=migrations_of(PaymentsSettings.NAME),
    jobs=jobs,
    job_peers=PaymentsSettings.PEERS,
    needs={"serve": ("objects_url", "approval_key"), "jobs": ("objects_url", "approval_key")},
    commands={
        "ledger": Command("verify one snapshot of the whole ledger while transfers continue", ledger, _ledger_arguments),
        "projections": projections_command(copies),
    },
)
