"""Whether the person who ordered a payment may still act for the organization that pays it."""

from collections.abc import Collection

from kernel.errors import DomainError, NotAMember
from payments.application.ports.payer_rights import Memberships, Payer


async def members_among(memberships: Memberships, payers: Collection[Payer]) -> Collection[Payer]:
    """Return the payers who are members of their organizations now; without organizations, nobody is asked."""
    of_organizations = [payer for payer in payers if payer.organization_id]
    return await memberships.current(of_organizations) if of_organizations else ()


def refusal_of(payer: Payer, members: Collection[Payer]) -> DomainError | None:
    """Return NotAMember for a payer of an organization who is not among the members."""
    if payer.organization_id is None or payer in members:
        return None
    return NotAMember(organization_id=payer.organization_id)


async def require_member(memberships: Memberships, payer: Payer) -> None:
    """Raise NotAMember, or Unavailable if governance does not answer."""
    if refusal := refusal_of(payer, await members_among(memberships, [payer])):
        raise refusal
