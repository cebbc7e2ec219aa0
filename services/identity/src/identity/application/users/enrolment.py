"""The enrolment of a new user: an account, a sealed profile, a wallet address and an audit fact."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.application.users import audit
from identity.domain.profile import Profile
from identity.domain.user import InitialRole, User
from identity.domain.wallet_address import WalletAddress
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class NewUser:
    user_id: UUID
    wallet_address: UUID
    registered_at: datetime


async def enrol(
    tx: Transaction,
    profile: Profile,
    *,
    username: str | None,
    password_hash: str,
    initial_role: InitialRole,
    agreed_terms: bool,
    at: datetime,
    user_id: UUID | None = None,
    email_verified: bool = False,
) -> NewUser:
    """Add a user to the transaction. Raise UserExists."""
    user_id = user_id or new_id()
    address = WalletAddress.issue(user_id, at=at)
    user = User.register(
        user_id=user_id,
        username=username,
        password_hash=password_hash,
        wallet_address=address.address,
        initial_role=initial_role,
        agreed_terms_at=at if agreed_terms else None,
        at=at,
    )
    if email_verified:
        user.email_verified_at = at
    await tx.users.add(user)
    await tx.profiles.add(user.id, profile)
    tx.wallet_addresses.add(address)
    tx.record(audit.user_registered(user, address))
    return NewUser(user.id, address.address, at)
