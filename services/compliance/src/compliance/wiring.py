"""Connect the use cases of compliance with their adapters."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from chassis.audited_reads import AuditedReads
from chassis.messaging.contracts import AnySubscription
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.wiring import wire
from compliance.application import Compliance
from compliance.application.audit import Audit
from compliance.application.audit.check_log import CheckLog
from compliance.application.audit.check_producers import CheckProducers
from compliance.application.audit.reconcile_producer import ReconcileProducer
from compliance.application.decisions import Decisions
from compliance.application.decisions.purge_decisions import PurgeDecisions
from compliance.application.erasures import Erasures
from compliance.application.ports.audit import LogSigner
from compliance.application.ports.completeness import Journal
from compliance.application.screening import Screening
from compliance.infrastructure.log_key import unseal
from compliance.infrastructure.sql.audit import SqlAuditViews
from compliance.infrastructure.sql.completeness import SqlCompletenessViews, SqlLoggedFacts
from compliance.infrastructure.sql.decisions import SqlDecisionViews
from compliance.infrastructure.sql.retention import SqlRetentionViews
from compliance.infrastructure.sql.screening import SqlBlockList, SqlScreeningViews
from compliance.infrastructure.sql.stored_log import stored_log
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.interfaces.publications import PUBLICATIONS
from compliance.interfaces.subscriptions import subscriptions
from compliance.settings import ComplianceSettings
from compliance.verifier import ed25519
from kernel.clock import Clock


def unit_of_work(*, database: Database) -> SqlUnitOfWork[SqlComplianceTransaction]:
    return SqlUnitOfWork(database, SqlComplianceTransaction, PUBLICATIONS, service=ComplianceSettings.NAME)


def use_cases(*, database: Database, signer: LogSigner, clock: Clock) -> Compliance:
    """Wire every use case."""
    uow = unit_of_work(database=database)
    reads = AuditedReads(uow=uow, clock=clock)
    return Compliance(
        audit=wire(
            Audit,
            uow=uow,
            views=SqlAuditViews(database),
            completeness=SqlCompletenessViews(database),
            decisions=SqlDecisionViews(database),
            reads=reads,
            signer=signer,
            key=signer.key,
            clock=clock,
            check_log=check_log(database=database),
        ),
        decisions=wire(Decisions, uow=uow, views=SqlDecisionViews(database), clock=clock),
        screening=wire(
            Screening, uow=uow, views=SqlScreeningViews(database), block_list=SqlBlockList(database), reads=reads, clock=clock
        ),
        erasures=wire(Erasures, uow=uow, log=SqlAuditViews(database), retention=SqlRetentionViews(database), clock=clock),
    )


def consumed(*, app: Compliance, on_growth: Callable[[], None], settings: ComplianceSettings) -> list[AnySubscription]:
    """Wire the subscriptions of a worker."""
    return subscriptions(
        append_facts=app.audit.append_facts,
        record_decisions=app.decisions.record_decisions,
        acknowledge_erasure=app.erasures.acknowledge_erasure,
        on_growth=on_growth,
        batch_max=settings.append_batch_max,
        wait_ms_max=settings.append_wait_ms_max,
    )


def purge_decisions(*, database: Database, clock: Clock, keep_days: int) -> PurgeDecisions:
    return PurgeDecisions(uow=unit_of_work(database=database), clock=clock, keep=timedelta(days=keep_days))


def reconcile_producer(
    *, database: Database, journals: Mapping[str, Journal], clock: Clock, grace_seconds: float
) -> ReconcileProducer:
    uow = unit_of_work(database=database)
    return ReconcileProducer(uow=uow, journals=journals, clock=clock, grace=timedelta(seconds=grace_seconds))


def check_producers(*, database: Database, journals: Mapping[str, Journal], clock: Clock, grace_seconds: float) -> CheckProducers:
    log, grace = SqlLoggedFacts(database), timedelta(seconds=grace_seconds)
    return CheckProducers(log=log, journals=journals, clock=clock, wait=asyncio.sleep, grace=grace)


def check_log(*, database: Database, master_keys: Sequence[bytes] = ()) -> CheckLog:
    """Wire the check separately, because its command needs no signing key. The master keys open the stored one to check it."""
    return CheckLog(open_log=stored_log(database), verify=ed25519, unseal=unseal(*master_keys) if master_keys else None)
