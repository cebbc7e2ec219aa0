"""The audit facts of wallet addresses. A label is the owner's own words: only that it changed is told."""

from datetime import datetime

from identity.domain.wallet_address import WalletAddress
from kernel.audit import AuditFact, State


def address_issued(address: WalletAddress) -> AuditFact:
    after = {"live": True, "currency": address.currency}
    return _fact("identity.wallet_address.issue", address, at=address.issued_at, after=after)


def address_labelled(address: WalletAddress, *, labelled: bool, at: datetime) -> AuditFact:
    return _fact("identity.wallet_address.label", address, at=at, after={"labelled": labelled})


def address_retired(address: WalletAddress, *, at: datetime) -> AuditFact:
    return _fact("identity.wallet_address.retire", address, at=at, before={"live": True}, after={"live": False})


def _fact(action: str, address: WalletAddress, *, at: datetime, after: State, before: State | None = None) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="wallet_address",
        resource_id=str(address.address),
        occurred_at=at,
        before=before,
        after=after,
        related_ids=(str(address.user_id),),
    )
