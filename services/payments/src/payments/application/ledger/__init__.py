"""The ledger as a whole: the table of contents."""

from dataclasses import dataclass

from payments.application.ledger.get_trial_balance import GetTrialBalance


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    get_trial_balance: GetTrialBalance
