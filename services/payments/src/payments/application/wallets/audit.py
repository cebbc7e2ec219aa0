"""The audit facts of wallets."""

from typing import Final

from kernel.audit import Audited, State
from kernel.money import amount_text
from kernel.reads import ReadOfOthers
from payments.application.wallets.views import WalletView
from payments.domain.account import Account


def read(wallet: WalletView, verb: str, *, reason: str | None = None) -> ReadOfOthers:
    return ReadOfOthers(action=f"payments.wallet.{verb}", resource_id=str(wallet.id), owners=(wallet.owner_id,), reason=reason)


def _owner(wallet: Account) -> tuple[str, ...]:
    return (str(wallet.owner_id),) if wallet.owner_id else ()


def _state(wallet: Account) -> State:
    ceiling = None if wallet.ceiling is None else amount_text(wallet.ceiling, wallet.currency)
    return {"status": wallet.status.value, "ceiling": ceiling, "named": bool(wallet.name), "usage": wallet.usage.value}


def _opening_state(wallet: Account) -> State:
    balance = amount_text(wallet.balance, wallet.currency)
    return {"currency": wallet.currency, "owner_id": str(wallet.owner_id), "balance": balance}


WALLET: Final = Audited(
    action="payments.wallet", resource_type="wallet", state=_state, id_of=lambda wallet: wallet.id, related=_owner
)
OPENED_WALLET: Final = Audited(
    action="payments.wallet", resource_type="wallet", state=_opening_state, id_of=lambda wallet: wallet.id, related=_owner
)
