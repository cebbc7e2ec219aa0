"""The caller's wallet addresses."""

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Router, page_of
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.addresses import WalletAddressResponse

wallet_addresses = Router(prefix="/wallet-addresses", tags=["wallet-addresses"])


@wallet_addresses.get("", dependencies=[Authenticated])
async def list_wallet_addresses(actor: CurrentActor, paging: Paging, app: App) -> Envelope[PageOf[WalletAddressResponse]]:
    """List the caller's wallet addresses, oldest first."""
    return page_of(await app.queries.wallet_addresses_of(actor.user_id, paging), WalletAddressResponse.of)
