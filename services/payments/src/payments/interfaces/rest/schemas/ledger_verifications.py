"""Verifications of the whole ledger."""

from chassis.rest import WorkResponse


class LedgerVerificationResponse(WorkResponse):
    """A verification of the ledger. It counts accounts.

    `result` has `adds_up`, `accounts_checked`, `rules`, and `findings`: each broken `rule` with the first 20 rows that break it.
    """
