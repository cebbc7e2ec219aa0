"""Payments' `jobs` process: bulks and schedules run here, and the ledger is kept."""

# What only one process needs is imported where it is built.
# ruff: noqa: PLC0415

from typing import TYPE_CHECKING

from payments.settings import PaymentsSettings

if TYPE_CHECKING:
    import procrastinate

    from chassis.persistence.database import Database
    from payments.application.ports.authority import Authority
    from payments.application.ports.bulk import Rules
    from payments.application.transfers.post_transfers import PostTransfers


def jobs(settings: PaymentsSettings) -> "procrastinate.App":
    from chassis.jobs import make_jobs
    from chassis.persistence.database import Database
    from kernel.clock import SystemClock
    from payments.application.bulk.decide_bulk import ExpireBulks
    from payments.application.bulk.judge_bulk import JudgeBulk
    from payments.application.bulk.run_bulk import ResumeBulks, RunBulk
    from payments.application.schedules.run_schedules import RunSchedules
    from payments.application.transfers.capture_transfer import ExpireTransfers
    from payments.application.verification.check_ledger import CheckLedger
    from payments.bootstrap.parts import unit_of_work
    from payments.infrastructure.alarms import MetricAlarm
    from payments.infrastructure.queries.bulks import SqlBulkQueries
    from payments.infrastructure.queries.ledger_check import SqlLedgerCheck
    from payments.interfaces.jobs import bulk_jobs, ledger_jobs, schedule_jobs

    clock = SystemClock()
    # Connects at the first job, and lives as long as the process.
    database = Database.of(settings)
    uow = unit_of_work(database)
    check = CheckLedger(uow, SqlLedgerCheck(database), MetricAlarm(), clock)
    post, rules, authority = _posting(settings, database)
    judge = JudgeBulk(SqlBulkQueries(database), post.approvals, post.policy, post.terms)
    job_seconds = settings.job_seconds
    return make_jobs(
        settings,
        [
            ledger_jobs(ExpireTransfers(uow, clock), check, job_seconds=job_seconds),
            bulk_jobs(
                RunBulk(uow, post, rules, authority, judge, clock),
                ResumeBulks(uow, clock),
                ExpireBulks(uow, clock),
                job_seconds=job_seconds,
            ),
            schedule_jobs(RunSchedules(uow, post, rules, authority, clock), job_seconds=job_seconds),
        ],
    )


def _posting(settings: PaymentsSettings, database: "Database") -> "tuple[PostTransfers, Rules, Authority]":
    """Build what moves money, by rules and on an authority that are asked for when a job has need of them."""
    from chassis.policies import BundleRefresher, GovernanceBundles, Policies
    from chassis.rpc import connect
    from kernel.clock import SystemClock
    from payments.application.transfers.post_transfers import PostTransfers
    from payments.bootstrap.parts import unit_of_work
    from payments.infrastructure.approval_policies import BundledApprovals
    from payments.infrastructure.authority import IdentityStandings, PeersAuthority
    from payments.infrastructure.cached_prices import CachedPrices
    from payments.infrastructure.fresh_rules import FreshRules
    from payments.infrastructure.queries.pricing import SqlPricingQueries
    from payments.infrastructure.screening import ComplianceScreening
    from payments.infrastructure.signatures import DeviceSignatures

    clock = SystemClock()
    prices = CachedPrices(SqlPricingQueries(database).prices, clock)
    policies = Policies(clock)
    governance = connect(settings, "governance")
    refresher = BundleRefresher(GovernanceBundles(governance), policies)
    identity = connect(settings, "identity")
    authority = PeersAuthority(IdentityStandings(identity), governance, policies)
    screening = ComplianceScreening(connect(settings, "compliance"))
    approvals = BundledApprovals(policies)
    post = PostTransfers(
        uow=unit_of_work(database),
        screening=screening,
        signatures=DeviceSignatures(identity),
        prices=prices,
        limits=prices,
        approvals=approvals,
        policy=settings.payer_policy,
        terms=settings.terms,
        clock=clock,
    )
    return post, FreshRules([prices.refresh, refresher.refresh]), authority
