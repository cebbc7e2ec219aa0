"""The audit facts of wallet addresses. A label is the owner's own words, so only whether there is one is recorded."""

from datetime import datetime
from typing import Final

from identity.domain.wallet_address import WalletAddress
from kernel.audit import Audited, AuditFact


def _ids(address: WalletAddress) -> tuple[str, ...]:
    return (str(address.user_id),)


# A new address is shown with its currency; of a later change, only whether it is live.
ADDRESS: Final = Audited(
    action="identity.wallet_address",
    resource_type="wallet_address",
    state=lambda address: {"live": address.is_live, "currency": address.currency},
    id_of=lambda address: address.address,
    related=_ids,
)
ADDRESS_LIFE: Final = Audited(
    action="identity.wallet_address",
    resource_type="wallet_address",
    state=lambda address: {"live": address.is_live},
    id_of=lambda address: address.address,
    related=_ids,
)


def address_labelled(address: WalletAddress, *, labelled: bool, at: datetime) -> AuditFact:
    return ADDRESS_LIFE.fact(address, "label", at=at, after={"labelled": labelled})
