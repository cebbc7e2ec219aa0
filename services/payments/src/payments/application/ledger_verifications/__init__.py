"""Verifications of the whole ledger: the table of contents."""

from dataclasses import dataclass

from payments.application.ledger_verifications.cancel_ledger_verification import CancelLedgerVerification
from payments.application.ledger_verifications.follow_ledger_verification import FollowLedgerVerification
from payments.application.ledger_verifications.get_ledger_verification import GetLedgerVerification
from payments.application.ledger_verifications.list_ledger_verifications import ListLedgerVerifications
from payments.application.ledger_verifications.resume_ledger_verification import ResumeLedgerVerification
from payments.application.ledger_verifications.verify_ledger import VerifyLedger


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerVerifications:
    verify_ledger: VerifyLedger
    list_ledger_verifications: ListLedgerVerifications
    get_ledger_verification: GetLedgerVerification
    follow_ledger_verification: FollowLedgerVerification
    cancel_ledger_verification: CancelLedgerVerification
    resume_ledger_verification: ResumeLedgerVerification
