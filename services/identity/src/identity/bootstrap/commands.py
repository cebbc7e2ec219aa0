"""The commands of identity."""

# What only one process needs is imported where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

import argparse
import sys

from chassis.run import Command
from identity.bootstrap.email_commands import FOLDED_EMAILS, UNFOLD_EMAIL
from identity.bootstrap.key_commands import ROTATE_MASTER_KEY
from identity.bootstrap.parts import create_administrator, hashing
from identity.bootstrap.recovery_commands import CONFIRM_RECOVERY
from identity.bootstrap.session_commands import ROTATE_KEYS, UNLOCK
from identity.settings import IdentitySettings
from kernel.clock import SystemClock


async def create_admin(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Make one more administrator, with a generated password."""
    from chassis.persistence.database import Database
    from identity.interfaces.first_start import tell_password
    from kernel.errors import DomainError

    database = Database.of(settings, pool_size=1)
    try:
        create = create_administrator(settings, database, hashing(settings), SystemClock())
        made = await create(email=arguments.email, password=None, only_first=False)
    except DomainError as error:
        sys.stdout.write(f"No administrator was made: {error.message}\n")
        return 1
    finally:
        await database.close()
    if made:
        tell_password(made)
    return 0


def _create_admin_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True, help="the new administrator's e-mail address")


COMMANDS = {
    "rotate-keys": ROTATE_KEYS,
    "unlock": UNLOCK,
    "folded-emails": FOLDED_EMAILS,
    "unfold-email": UNFOLD_EMAIL,
    "confirm-recovery": CONFIRM_RECOVERY,
    "rotate-master-key": ROTATE_MASTER_KEY,
    "create-admin": Command(
        "make an administrator; the generated password is printed once", create_admin, _create_admin_arguments
    ),
}
