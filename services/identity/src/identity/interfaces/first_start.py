"""Create what the first sign-in needs: a signing key and an administrator."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chassis.health import NotReady
from chassis.run import wait_until_ready
from chassis.telemetry import log
from chassis.waiting import sleep_unless
from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.application.users.create_administrator import CreateAdministrator, NewAdministrator
from identity.domain.errors import WeakPassword
from identity.domain.signing_key import SigningKey
from identity.settings import IdentitySettings
from kernel.errors import DomainError, Kind

RETRY_SECONDS = 60.0
REMEDY = (
    "correct ELCORP_ADMIN_EMAIL or ELCORP_ADMIN_PASSWORD and restart identity, "
    "or run `python -m identity create-admin --email <address>`"
)
# Errors in the settings themselves: retrying does not help.
_REFUSED = (Kind.INVALID, Kind.CONFLICT)


class AdministratorCheck:
    """Report whether an administrator exists. Identity serves without one, so readiness does not depend on this check."""

    def __init__(self) -> None:
        self.problem: str | None = "not created yet"

    async def __call__(self) -> None:
        if self.problem:
            raise NotReady(self.problem)


@dataclass(frozen=True, slots=True)
class FirstStart:
    """Background work of a serving process. The first process does it, once; it waits for the database."""

    ensure_signing_keys: EnsureSigningKeys
    create_administrator: CreateAdministrator
    hold_keys: Callable[[Sequence[SigningKey]], None]
    settings: IdentitySettings
    check: AdministratorCheck
    retry_seconds: float = RETRY_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        await wait_until_ready("the signing keys", self._load_keys, stop)
        await wait_until_ready("the administrator to be created", self._administrator, stop)
        # The settings do not change while the process runs, but an operator may run `create-admin`.
        while self.check.problem:
            await sleep_unless(stop, self.retry_seconds)
            if stop.is_set():
                return
            await wait_until_ready("the administrator to be created", self._administrator, stop)
        await stop.wait()

    async def _load_keys(self) -> None:
        self.hold_keys(await self.ensure_signing_keys())

    async def _administrator(self) -> None:
        """Create the administrator, or log why the settings are refused. Raise errors that a retry may resolve."""
        try:
            await self._create()
        except DomainError as error:
            if error.kind not in _REFUSED:
                raise
            self._report(_describe(error))
        except UnicodeEncodeError:
            # Python decodes bytes of the environment that are not UTF-8 to surrogates, which cannot be encoded.
            self._report("ELCORP_ADMIN_PASSWORD: The password is not UTF-8")
        else:
            self.check.problem = None

    def _report(self, problem: str) -> None:
        self.check.problem = f"no administrator was created: {problem}"
        log.error("administrator_not_made", problem=problem, remedy=REMEDY, retry_seconds=self.retry_seconds)

    async def _create(self) -> None:
        password = self.settings.admin_password
        made = await self.create_administrator(
            email=self.settings.admin_email,
            password=password.get_secret_value() if password and password.get_secret_value() else None,
            only_first=True,
        )
        if made:
            log.info("administrator_made", user_id=str(made.user_id))
            print_password(made)


def _describe(error: DomainError) -> str:
    """Return the name of the refused setting and the problem, never its value."""
    message = error.message.rstrip(".")
    if isinstance(error, WeakPassword):
        return f"ELCORP_ADMIN_PASSWORD: {message} (rule {error.facts['rule']})"
    return f"ELCORP_ADMIN_EMAIL: {message}"


def print_password(made: NewAdministrator) -> None:
    """Print a generated password once. Bypass the log, which would redact it."""
    if made.generated_password:
        sys.stdout.write(f"\nAdministrator {made.email}, password (shown only once): {made.generated_password}\n\n")
        sys.stdout.flush()
