"""Builds the use cases of verifications of the whole ledger."""

from chassis.long_work import SqlLongWorkReads
from payments.application.ledger_verifications import LedgerVerifications
from payments.application.ledger_verifications.cancel_ledger_verification import CancelLedgerVerification
from payments.application.ledger_verifications.follow_ledger_verification import FollowLedgerVerification
from payments.application.ledger_verifications.get_ledger_verification import GetLedgerVerification
from payments.application.ledger_verifications.list_ledger_verifications import ListLedgerVerifications
from payments.application.ledger_verifications.resume_ledger_verification import ResumeLedgerVerification
from payments.application.ledger_verifications.verify_ledger import VerifyLedger
from payments.wiring.dependencies import Dependencies


def ledger_verifications(given: Dependencies) -> LedgerVerifications:
    uow, clock, views = given.uow, given.clock, SqlLongWorkReads(given.database)
    return LedgerVerifications(
        verify_ledger=VerifyLedger(uow=uow, clock=clock),
        list_ledger_verifications=ListLedgerVerifications(views=views),
        get_ledger_verification=GetLedgerVerification(views=views),
        follow_ledger_verification=FollowLedgerVerification(views=views, permissions=given.permissions),
        cancel_ledger_verification=CancelLedgerVerification(uow=uow, clock=clock),
        resume_ledger_verification=ResumeLedgerVerification(uow=uow, clock=clock),
    )
