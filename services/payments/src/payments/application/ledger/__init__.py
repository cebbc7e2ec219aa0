"""The ledger as a whole: the table of contents."""

from dataclasses import dataclass

from payments.application.ledger.read_account import ReadAccount


@dataclass(frozen=True, slots=True)
class Ledger:
    read_account: ReadAccount
