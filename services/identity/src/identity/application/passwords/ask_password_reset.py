from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from identity.application.attempts.counters import name_digest
from identity.application.passwords import audit
from identity.application.ports.credentials import Credentials
from identity.application.ports.digests import Digests
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.message import Template
from identity.domain.password_reset import PER_HOUR_MAX, PasswordReset
from identity.domain.sign_in_name import SignInName
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AskPasswordReset:
    """Send a reset link to the owner of an address. For an unknown address, the response and the work are the same.

    The link's secret follows the "#" of `page`, because browsers never send that part to a server.
    """

    uow: UnitOfWork
    credentials: Credentials
    secrets: OneTimeSecrets
    digest: Digests
    clock: Clock
    page: str

    async def __call__(self, *, actor: Actor, email: str) -> None:
        name = SignInName.email(email)
        account = name_digest(self.digest, name)
        credential = await self.credentials.credential(name)
        at, secret = self.clock.now(), self.secrets.issue()
        nobody, link = new_id(), f"{self.page}#token={secret.text}"
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(credential.user_id if credential else nobody)
            issued = await tx.password_resets.issued_since(user.id if user else nobody, at - _HOUR)
            sent = user is not None and user.is_active and issued < PER_HOUR_MAX
            # No such account: store a link that nobody receives, so that both cases do the same work.
            reset = PasswordReset.issue(new_id(), user.id if user and sent else nobody, secret.digest, at=at)
            # Only the newest link is valid.
            await tx.password_resets.void(reset.user_id, at=at)
            tx.password_resets.add(reset)
            if sent:
                sent = await tx.messages.send(reset.user_id, Template.PASSWORD_RESET, link=link)
            else:
                await tx.messages.send(nobody, Template.DECOY, to=name.text, link=link)
            tx.tally(audit.reset_asked(account, reset if sent else None, at=at))
