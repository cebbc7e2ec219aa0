"""The audit facts of ledger accounts. Reads of other people's wallets among them are recorded."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.audit import Audited
from kernel.reads import ReadOfOthers, given
from payments.application.accounts.views import AccountFilter, AccountView
from payments.domain.account import Account

ACCOUNT: Final = Audited[Account](
    action="payments.account",
    resource_type="account",
    state=lambda account: {"status": account.status.value},
    id_of=lambda account: account.id,
)


def read(account: AccountView, verb: str, owners: Collection[UUID]) -> ReadOfOthers:
    return ReadOfOthers(action=f"payments.account.{verb}", resource_id=str(account.id), owners=sorted(owners))


def listed(wanted: AccountFilter, owners: Sequence[UUID], *, shown: int, reason: str | None) -> ReadOfOthers:
    filters = given(kind=wanted.kind, status=wanted.status, currency=wanted.currency, owner_id=wanted.owner_id)
    return ReadOfOthers(
        action="payments.account.list", owners=(wanted.owner_id, *owners), filters=filters, shown=shown, reason=reason
    )


def others(actor: Actor, accounts: Iterable[AccountView]) -> list[UUID]:
    """Return the owners of accounts, without the actor. System accounts have no owner."""
    return [account.owner_id for account in accounts if account.owner_id not in {None, actor.user_id}]
