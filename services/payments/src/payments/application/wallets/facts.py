"""The audit facts of wallets."""

from datetime import datetime

from kernel.audit import AuditFact, State
from kernel.money import amount_text
from kernel.reads import ReadOfOthers
from payments.application.wallets.queries import WalletView
from payments.domain.account import Account


def opened(wallet: Account) -> AuditFact:
    return AuditFact(
        action="payments.wallet.open",
        resource_type="wallet",
        resource_id=str(wallet.id),
        occurred_at=wallet.opened_at,
        after={
            "currency": wallet.currency,
            "owner_id": str(wallet.owner_id),
            "balance": amount_text(wallet.balance, wallet.currency),
        },
        related_ids=(str(wallet.owner_id),),
    )


def changed(wallet: Account, verb: str, *, before: State, at: datetime, reason: str | None = None) -> AuditFact:
    return AuditFact(
        action=f"payments.wallet.{verb}",
        resource_type="wallet",
        resource_id=str(wallet.id),
        occurred_at=at,
        before=before,
        after=state(wallet),
        reason=reason,
        related_ids=(str(wallet.owner_id),) if wallet.owner_id else (),
    )


def read(wallet: WalletView, verb: str, *, reason: str | None = None) -> ReadOfOthers:
    return ReadOfOthers(action=f"payments.wallet.{verb}", resource_id=str(wallet.id), owners=(wallet.owner_id,), reason=reason)


def state(wallet: Account) -> State:
    ceiling = None if wallet.ceiling is None else amount_text(wallet.ceiling, wallet.currency)
    return {"status": wallet.status.value, "ceiling": ceiling, "named": bool(wallet.name), "usage": wallet.usage.value}
