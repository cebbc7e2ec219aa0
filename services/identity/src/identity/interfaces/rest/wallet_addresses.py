"""The caller's wallet addresses, and the look-up of a payee."""

from typing import Annotated

from fastapi import Query

from chassis.rest import (
    AS_SENT,
    Authenticated,
    CurrentActor,
    Envelope,
    PageOf,
    Paging,
    Router,
    WalletAddressText,
    envelope,
    page_of,
)
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.wallet_addresses import (
    IssuedWalletAddressResponse,
    IssueWalletAddressRequest,
    LabelWalletAddressRequest,
    PayeeResponse,
    WalletAddressResponse,
)
from kernel.assurance import NONE
from kernel.reads import OWN, REFERENCE

wallet_addresses = Router(prefix="/wallet-addresses", tags=["wallet-addresses"])


@wallet_addresses.get("", dependencies=[Authenticated], reads=OWN)
async def list_wallet_addresses(actor: CurrentActor, paging: Paging, app: App) -> Envelope[PageOf[WalletAddressResponse]]:
    """List the caller's wallet addresses, oldest first, including retired addresses."""
    return page_of(await app.wallet_addresses.list_wallet_addresses(actor=actor, page=paging), WalletAddressResponse.of)


@wallet_addresses.post("", status_code=201, dependencies=[Authenticated], assurance=NONE)
async def issue_wallet_address(
    body: IssueWalletAddressRequest, actor: CurrentActor, app: App
) -> Envelope[IssuedWalletAddressResponse]:
    """Issue another wallet address to the caller. Its wallet opens a moment later."""
    address = await app.wallet_addresses.issue_wallet_address(actor=actor, currency=body.currency, label=body.label)
    return envelope(IssuedWalletAddressResponse.of(address))


# Before "/{address}", which would match this path too.
@wallet_addresses.get("/look-up", dependencies=[Authenticated], reads=REFERENCE)
async def look_up_wallet_address(
    address: Annotated[str, Query(min_length=1, max_length=90, examples=["elc1qxv2ruqurea588gv8u4978m6zq0ex2yj"]), AS_SENT],
    app: App,
) -> Envelope[PayeeResponse]:
    """Get the masked name of an address's owner before a payment. A mistyped address is refused."""
    return envelope(PayeeResponse.of(await app.wallet_addresses.look_up_wallet_address(address=address)))


@wallet_addresses.get("/{address}", dependencies=[Authenticated], reads=OWN)
async def get_wallet_address(address: WalletAddressText, actor: CurrentActor, app: App) -> Envelope[WalletAddressResponse]:
    """Get one of the caller's addresses by its UUID or its text."""
    return envelope(WalletAddressResponse.of(await app.wallet_addresses.get_wallet_address(actor=actor, address=address)))


@wallet_addresses.patch("/{address}", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def label_wallet_address(
    address: WalletAddressText, body: LabelWalletAddressRequest, actor: CurrentActor, app: App
) -> Envelope[WalletAddressResponse]:
    """Change or remove the label of one of the caller's addresses."""
    view = await app.wallet_addresses.label_wallet_address(actor=actor, address=address, label=body.label)
    return envelope(WalletAddressResponse.of(view))


@wallet_addresses.delete("/{address}", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def retire_wallet_address(address: WalletAddressText, actor: CurrentActor, app: App) -> Envelope[WalletAddressResponse]:
    """Retire an address: payers can no longer use it. Its wallet stays the caller's. Repeating it changes nothing."""
    view = await app.wallet_addresses.retire_wallet_address(actor=actor, address=address)
    return envelope(WalletAddressResponse.of(view))
