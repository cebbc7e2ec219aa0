"""Connect the use cases of compliance with their adapters: one function per noun."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from chassis.audited_reads import AuditedReads
from chassis.messaging.contracts import AnySubscription
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from compliance.application import Compliance
from compliance.application.audit import Audit
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.check_log import CheckLog
from compliance.application.audit.check_producers import CheckProducers
from compliance.application.audit.export_audit_entries import ExportAuditEntries
from compliance.application.audit.get_audit_entry import GetAuditEntry
from compliance.application.audit.get_audit_trail import GetAuditTrail
from compliance.application.audit.get_checkpoint import GetCheckpoint
from compliance.application.audit.get_consistency_proof import GetConsistencyProof
from compliance.application.audit.get_first_entry import GetFirstEntry
from compliance.application.audit.get_inclusion_proof import GetInclusionProof
from compliance.application.audit.get_log_key import GetLogKey
from compliance.application.audit.list_audit_entries import ListAuditEntries
from compliance.application.audit.list_audit_producers import ListAuditProducers
from compliance.application.audit.list_missing_facts import ListMissingFacts
from compliance.application.audit.reconcile_producer import ReconcileProducer
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.application.erasures import Erasures
from compliance.application.erasures.acknowledge_erasure import AcknowledgeErasure
from compliance.application.ports.audit import LogSigner
from compliance.application.ports.completeness import Journal
from compliance.application.ports.transaction import UnitOfWork
from compliance.application.screening import Screening
from compliance.application.screening.lift_screening_block import LiftScreeningBlock
from compliance.application.screening.list_screening_blocks import ListScreeningBlocks
from compliance.application.screening.place_screening_block import PlaceScreeningBlock
from compliance.application.screening.screen_transfers import ScreenTransfers
from compliance.infrastructure.log_key import unseal
from compliance.infrastructure.sql.audit import SqlAuditViews
from compliance.infrastructure.sql.completeness import SqlCompletenessViews, SqlLoggedFacts
from compliance.infrastructure.sql.retention import SqlRetentionViews
from compliance.infrastructure.sql.screening import SqlBlockList, SqlScreeningViews
from compliance.infrastructure.sql.stored_log import stored_log
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.interfaces.publications import PUBLICATIONS
from compliance.interfaces.subscriptions import subscriptions
from compliance.settings import ComplianceSettings
from compliance.verifier import ed25519
from kernel.clock import Clock
from kernel.reads import Reads


def unit_of_work(*, database: Database) -> SqlUnitOfWork[SqlComplianceTransaction]:
    return SqlUnitOfWork(database, SqlComplianceTransaction, PUBLICATIONS, service=ComplianceSettings.NAME)


def use_cases(*, database: Database, signer: LogSigner, clock: Clock) -> Compliance:
    """Wire every use case."""
    uow = unit_of_work(database=database)
    reads = AuditedReads(uow=uow, clock=clock)
    return Compliance(
        audit=audit(database=database, uow=uow, reads=reads, signer=signer, clock=clock),
        screening=screening(database=database, uow=uow, reads=reads, clock=clock),
        erasures=erasures(database=database, uow=uow, clock=clock),
    )


def consumed(*, app: Compliance, on_growth: Callable[[], None], settings: ComplianceSettings) -> list[AnySubscription]:
    """Wire the subscriptions of a worker."""
    return subscriptions(
        append_facts=app.audit.append_facts,
        acknowledge_erasure=app.erasures.acknowledge_erasure,
        on_growth=on_growth,
        batch_max=settings.append_batch_max,
        wait_ms_max=settings.append_wait_ms_max,
    )


def audit(*, database: Database, uow: UnitOfWork, reads: Reads, signer: LogSigner, clock: Clock) -> Audit:
    views, completeness, key = SqlAuditViews(database), SqlCompletenessViews(database), signer.key
    list_audit_entries = ListAuditEntries(views=views, reads=reads)
    return Audit(
        list_audit_entries=list_audit_entries,
        export_audit_entries=ExportAuditEntries(list_audit_entries=list_audit_entries, views=views),
        get_audit_entry=GetAuditEntry(views=views, reads=reads),
        get_inclusion_proof=GetInclusionProof(views=views, reads=reads, key=key),
        get_audit_trail=GetAuditTrail(views=views, reads=reads),
        get_checkpoint=GetCheckpoint(views=views),
        get_consistency_proof=GetConsistencyProof(views=views, key=key),
        get_log_key=GetLogKey(key=key),
        get_first_entry=GetFirstEntry(views=views),
        append_facts=AppendFacts(uow=uow),
        sign_checkpoint=SignCheckpoint(uow=uow, signer=signer, clock=clock),
        check_log=check_log(database=database),
        list_audit_producers=ListAuditProducers(views=completeness, clock=clock),
        list_missing_facts=ListMissingFacts(views=completeness),
    )


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


def screening(*, database: Database, uow: UnitOfWork, reads: Reads, clock: Clock) -> Screening:
    return Screening(
        list_screening_blocks=ListScreeningBlocks(views=SqlScreeningViews(database), reads=reads),
        place_screening_block=PlaceScreeningBlock(uow=uow, clock=clock),
        lift_screening_block=LiftScreeningBlock(uow=uow, clock=clock),
        screen_transfers=ScreenTransfers(block_list=SqlBlockList(database)),
    )


def erasures(*, database: Database, uow: UnitOfWork, clock: Clock) -> Erasures:
    return Erasures(
        acknowledge_erasure=AcknowledgeErasure(
            uow=uow, log=SqlAuditViews(database), retention=SqlRetentionViews(database), clock=clock
        )
    )
