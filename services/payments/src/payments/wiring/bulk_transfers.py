"""Builds the use cases of bulk transfers."""

from chassis.wiring import wire
from payments.application.bulk_transfers import BulkTransfers
from payments.application.bulk_transfers.acceptance import BulkAcceptance
from payments.application.bulk_transfers.judge_bulk import JudgeBulk
from payments.application.bulk_transfers.keep_file import KeepFile
from payments.application.bulk_transfers.visible_bulks import VisibleBulks
from payments.infrastructure.bulk_files import READERS
from payments.infrastructure.sql.accounts import SqlAccountLookup
from payments.infrastructure.sql.bulk_transfers import SqlBulkViews, object_claims
from payments.wiring.approvals import decide_bulk
from payments.wiring.dependencies import Dependencies
from payments.wiring.posting import post_transfers


def judge_bulk(given: Dependencies) -> JudgeBulk:
    return JudgeBulk(
        wallets=SqlAccountLookup(given.database),
        approvals=given.approvals,
        payment_permissions=given.payment_permissions,
        policy=given.settings.payer_policy,
        terms=given.settings.terms,
    )


def bulk_transfers(given: Dependencies) -> BulkTransfers:
    uow, clock, views = given.uow, given.clock, SqlBulkViews(given.database)
    return wire(
        BulkTransfers,
        readers=READERS,
        acceptance=BulkAcceptance(uow=uow, judge_bulk=judge_bulk(given), signatures=given.signatures, clock=clock),
        keep_file=KeepFile(
            uow=uow, scanner=given.scanner, claims=object_claims(given.database), objects=given.objects, clock=clock
        ),
        rehearse=post_transfers(given).rehearse_run,
        uow=uow,
        views=views,
        visible=VisibleBulks(
            views=views,
            permissions=given.permissions,
            payment_permissions=given.payment_permissions,
            reads=given.reads,
        ),
        permissions=given.permissions,
        reads=given.reads,
        objects=given.objects,
        decide=decide_bulk(settings=given.settings, database=given.database, clock=clock),
        clock=clock,
    )
