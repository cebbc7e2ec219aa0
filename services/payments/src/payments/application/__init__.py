"""What payments can do: the table of contents."""

from dataclasses import dataclass

from payments.application.queries import PaymentsQueries
from payments.application.transfers.issue_money import IssueMoney
from payments.application.transfers.transfer_tokens import TransferTokens
from payments.application.wallets.open_wallet import OpenWallet
from payments.application.wallets.read_wallets import ReadWallets


@dataclass(frozen=True, slots=True)
class Payments:
    transfer_tokens: TransferTokens
    issue_money: IssueMoney
    open_wallet: OpenWallet
    read_wallets: ReadWallets
    queries: PaymentsQueries
