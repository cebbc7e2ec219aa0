"""The audit facts of wallet addresses. The owner writes the label, so only whether there is one is recorded."""

from datetime import datetime
from typing import Final

from identity.domain.wallet_address import WalletAddress
from kernel.audit import Audited, AuditFact


def _ids(address: WalletAddress) -> tuple[str, ...]:
    return (str(address.user_id),)


# Record a new address with its currency. Of a later change, record only whether it is live.
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
