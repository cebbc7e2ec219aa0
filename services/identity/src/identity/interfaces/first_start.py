"""What must be there before anybody can sign in: a key that signs, and somebody to administer."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chassis.run import wait_for
from chassis.telemetry import log
from identity.application.accounts.create_administrator import CreateAdministrator, MadeAdministrator
from identity.application.keys.ensure_signing_keys import EnsureSigningKeys
from identity.domain.signing_key import SigningKey
from identity.settings import IdentitySettings
from kernel.errors import DomainError, Kind


@dataclass(frozen=True, slots=True)
class FirstStart:
    """Background work of a serving process: seen to once, by whichever process comes first; waits for the database."""

    ensure_signing_keys: EnsureSigningKeys
    create_administrator: CreateAdministrator
    hold_keys: Callable[[Sequence[SigningKey]], None]
    settings: IdentitySettings

    async def run(self, stop: asyncio.Event) -> None:
        """Raise what is wrong with the administrator's settings, for no waiting mends that."""
        await wait_for("the signing keys", self._load_keys, stop)
        refused: list[DomainError] = []

        async def administrator() -> None:
            try:
                await self._administrator()
            except DomainError as error:
                if error.kind is Kind.UNAVAILABLE:
                    raise
                refused.append(error)

        await wait_for("the administrator to be made", administrator, stop)
        if refused:
            raise refused[0]
        await stop.wait()

    async def _load_keys(self) -> None:
        self.hold_keys(await self.ensure_signing_keys())

    async def _administrator(self) -> None:
        password = self.settings.admin_password
        made = await self.create_administrator(
            email=self.settings.admin_email,
            password=password.get_secret_value() if password and password.get_secret_value() else None,
            only_first=True,
        )
        if made:
            log.info("administrator_made", user_id=str(made.user_id))
            tell_password(made)


def tell_password(made: MadeAdministrator) -> None:
    """Print a generated password, this once and past the log, which would hide it."""
    if made.generated_password:
        sys.stdout.write(f"\nAdministrator {made.email}, password (shown only now): {made.generated_password}\n\n")
        sys.stdout.flush()
