"""The accounts of the ledger, for those who keep it. What of them is a person's wallet is on record as read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, ReasonRequired, given
from payments.application.ledger.queries import AccountFilter, AccountView, LedgerQueries
from payments.application.wallets.queries import PostingView, WalletQueries


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """Read any account; the caller has been found to hold `payment:reconcile`."""

    queries: LedgerQueries
    wallets: WalletQueries
    reads: Reads

    async def __call__(self, *, actor: Actor, account_id: UUID, verb: str = "read") -> AccountView:
        """Raise NotFound. `verb` says what of the account is read."""
        account = await self.queries.account(account_id)
        if account is None:
            raise NotFound(account_id=account_id)
        if owners := _others(actor, [account]):
            read = ReadOfOthers(action=f"payments.account.{verb}", resource_id=str(account_id), owners=owners)
            await self.reads.record(actor, read)
        return account

    async def postings(self, *, actor: Actor, account_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        await self(actor=actor, account_id=account_id, verb="read_postings")
        return await self.wallets.postings(account_id, cursor)


@dataclass(frozen=True, slots=True)
class ListAccounts:
    """Page through the chart of accounts."""

    queries: LedgerQueries
    reads: Reads

    async def __call__(
        self, *, actor: Actor, wanted: AccountFilter, page: PageRequest, reason: str | None = None
    ) -> Page[AccountView]:
        """Raise ReasonRequired where another person's accounts are asked for."""
        is_search = wanted.owner_id not in {None, actor.user_id}
        if is_search and reason is None:
            raise ReasonRequired
        accounts = await self.queries.accounts(wanted, page)
        if (owners := _others(actor, accounts.items)) or is_search:
            await self.reads.record(actor, _listed(wanted, owners, shown=len(accounts.items), reason=reason))
        return accounts


def _others(actor: Actor, accounts: Iterable[AccountView]) -> list[UUID]:
    return [account.owner_id for account in accounts if account.owner_id not in {None, actor.user_id}]


def _listed(wanted: AccountFilter, owners: Sequence[UUID], *, shown: int, reason: str | None) -> ReadOfOthers:
    filters = given(kind=wanted.kind, status=wanted.status, currency=wanted.currency, owner_id=wanted.owner_id)
    return ReadOfOthers(
        action="payments.account.list", owners=(wanted.owner_id, *owners), filters=filters, shown=shown, reason=reason
    )
