"""Identity's mails of invitations."""

from dataclasses import dataclass, field

from governance.domain.invitation import Invitation
from kernel.errors import Unavailable


@dataclass
class FakeMails:
    """Keeps the codes by address. `away`: identity does not answer."""

    codes: dict[str, str] = field(default_factory=dict)
    away: bool = False

    async def send(self, invitation: Invitation, *, code: str, address: str, organization: str) -> None:
        if self.away:
            raise Unavailable(dependency="identity", invitation_id=invitation.id, organization=organization)
        self.codes[address] = code
