"""The audit facts of accounts. None holds a secret or plain personal data."""

from identity.domain.user import User
from identity.domain.wallet_address import WalletAddress
from kernel.audit import AuditFact


def user_registered(user: User, address: WalletAddress, *, device: str | None = None) -> AuditFact:
    return AuditFact(
        action="identity.user.register",
        resource_type="user",
        resource_id=str(user.id),
        occurred_at=user.registered_at,
        after={
            "status": user.status.value,
            "initial_role": user.initial_role.value,
            "wallet_address": str(address.address),
            "agreed_terms": user.agreed_terms_at is not None,
        },
        related_ids=(str(address.address), *((device,) if device else ())),
    )
