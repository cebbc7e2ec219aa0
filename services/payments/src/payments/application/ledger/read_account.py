"""The accounts of the ledger, for the staff who keep it. Reading a person's wallet among them is recorded."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, ReasonRequired, given
from payments.application.ledger.queries import AccountFilter, AccountView, LedgerQueries
from payments.application.transfers.views import TransferQueries
from payments.application.wallets.queries import PostingView, WalletQueries


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """Read any account. The route requires `payment:reconcile`."""

    queries: LedgerQueries
    wallets: WalletQueries
    transfers: TransferQueries
    reads: Reads

    async def __call__(self, *, actor: Actor, account_id: UUID) -> AccountView:
        """Raise NotFound."""
        account = await self._account(account_id)
        await self._record(actor, account, "read", _others(actor, [account]))
        return account

    async def postings(self, *, actor: Actor, account_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        """Page through an account's postings; those of the system's own show the people on their other side."""
        account = await self._account(account_id)
        page = await self.wallets.postings(account_id, cursor)
        owners: Collection[UUID] = _others(actor, [account])
        if account.owner_id is None:
            counterparties = tuple({posting.counterparty_id for posting in page.items})
            owners = await self.transfers.owners(counterparties) - {actor.user_id}
        await self._record(actor, account, "read_postings", owners)
        return page

    async def _account(self, account_id: UUID) -> AccountView:
        account = await self.queries.account(account_id)
        if account is None:
            raise NotFound(account_id=account_id)
        return account

    async def _record(self, actor: Actor, account: AccountView, verb: str, owners: Collection[UUID]) -> None:
        if owners:
            read = ReadOfOthers(action=f"payments.account.{verb}", resource_id=str(account.id), owners=sorted(owners))
            await self.reads.record(actor, read)


@dataclass(frozen=True, slots=True)
class ListAccounts:
    """Page through the chart of accounts. People's wallets are among them, unless the system's own alone are asked for."""

    queries: LedgerQueries
    reads: Reads

    async def __call__(
        self, *, actor: Actor, wanted: AccountFilter, page: PageRequest, reason: str | None = None
    ) -> Page[AccountView]:
        """Raise ReasonRequired where another person's accounts may be among those listed."""
        is_search = wanted.kind != "system" and wanted.owner_id != actor.user_id
        if is_search and reason is None:
            raise ReasonRequired
        accounts = await self.queries.accounts(wanted, page)
        if is_search:
            owners = _others(actor, accounts.items)
            await self.reads.record(actor, _listed(wanted, owners, shown=len(accounts.items), reason=reason))
        return accounts


def _others(actor: Actor, accounts: Iterable[AccountView]) -> list[UUID]:
    return [account.owner_id for account in accounts if account.owner_id not in {None, actor.user_id}]


def _listed(wanted: AccountFilter, owners: Sequence[UUID], *, shown: int, reason: str | None) -> ReadOfOthers:
    filters = given(kind=wanted.kind, status=wanted.status, currency=wanted.currency, owner_id=wanted.owner_id)
    return ReadOfOthers(
        action="payments.account.list", owners=(wanted.owner_id, *owners), filters=filters, shown=shown, reason=reason
    )
