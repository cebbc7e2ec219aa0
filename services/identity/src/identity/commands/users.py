"""The commands for users."""

# Import what only one command needs where it is built.
# ruff: noqa: PLC0415

import argparse
import sys
from uuid import UUID

from chassis.run import KEYED, Command
from identity.settings import IdentitySettings
from identity.wiring.adapters import attempts, create_administrator, hashing, unit_of_work, vault
from kernel.clock import SystemClock


async def create_admin(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Create another administrator, with a generated password."""
    from chassis.persistence.database import Database
    from identity.interfaces.first_start import print_password
    from kernel.errors import DomainError

    database = Database.of(settings, pool_size=1)
    try:
        create = create_administrator(settings, database=database, passwords=hashing(settings), clock=SystemClock())
        made = await create(email=arguments.email, password=None, only_first=False)
    except DomainError as error:
        sys.stdout.write(f"No administrator was created: {error.message}\n")
        return 1
    finally:
        await database.close()
    if made:
        print_password(made)
    return 0


async def unlock(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Reset a user's attempts. Return 1 if there is no such user."""
    from chassis.crypto import BlindIndex
    from chassis.persistence.database import Database
    from chassis.policies import Policies
    from chassis.redis import redis_client
    from chassis.rpc import connect
    from identity.application.sessions.unlock_attempts import UnlockAttempts
    from identity.application.users.unlock_user import UnlockUser
    from identity.domain.sign_in_name import SignInName
    from identity.infrastructure.governance import GovernanceAuthority
    from identity.infrastructure.sql.views import SqlViews
    from kernel.actor import Actor

    database = Database.of(settings, pool_size=1)
    redis = redis_client(settings.redis_url.get_secret_value())
    try:
        views = SqlViews.of(database, vault(settings), SystemClock())
        credential = await views.credentials.credential(SignInName.email(arguments.email)) if arguments.email else None
        user_id = credential.user_id if credential else arguments.user_id
        if user_id is None or await views.users.user(user_id) is None:
            sys.stdout.write("There is no such user.\n")
            return 1
        # A command acts for the platform: policies are not evaluated without a bundle, and the channel opens no connection.
        async with connect(settings, "governance") as governance:
            unlock_user = UnlockUser(
                uow=unit_of_work(settings, database),
                views=views.users,
                permissions=Policies(SystemClock()),
                authority=GovernanceAuthority(governance),
                unlock_attempts=UnlockAttempts(
                    devices=views.devices,
                    sessions=views.sessions,
                    attempts=attempts(settings, redis),
                    digest=BlindIndex(settings.digest(), purpose="sign-in-name"),
                ),
                clock=SystemClock(),
            )
            await unlock_user(actor=Actor.service("identity"), user_id=user_id, reason=arguments.reason)
    finally:
        await redis.aclose()
        await database.close()
    sys.stdout.write(f"{user_id} can sign in again.\n")
    return 0


async def folded_emails(settings: IdentitySettings, _arguments: argparse.Namespace) -> int:
    """Print the ids of users whose address gets no mail, one per line."""
    from chassis.persistence.database import Database
    from identity.infrastructure.sql.views import SqlViews

    database = Database.of(settings, pool_size=1)
    try:
        views = SqlViews.of(database, vault(settings), SystemClock())
        async for user_id in views.users.users_without_mail():
            sys.stdout.write(f"{user_id}\n")
    finally:
        await database.close()
    return 0


async def unfold_email(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Restore the spelling of an address. Return 1 if it is not the address that was folded."""
    from chassis.persistence.database import Database
    from identity.application.users.unfold_email import UnfoldEmail
    from identity.infrastructure.contact_parsing import ContactParser
    from kernel.actor import Actor
    from kernel.errors import DomainError

    database = Database.of(settings, pool_size=1)
    try:
        unfold = UnfoldEmail(uow=unit_of_work(settings, database), contacts=ContactParser(), clock=SystemClock())
        await unfold(actor=Actor.service("identity"), user_id=arguments.user_id, email=arguments.email, reason=arguments.reason)
    except DomainError as error:
        sys.stdout.write(f"Nothing changed: {error.message}\n")
        return 1
    finally:
        await database.close()
    sys.stdout.write(f"{arguments.user_id} now gets mail at that address.\n")
    return 0


def _create_admin_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True, help="the new administrator's e-mail address")


def _unlock_arguments(parser: argparse.ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user-id", type=UUID, help="id of the user")
    who.add_argument("--email", help="e-mail address of the user")
    parser.add_argument("--reason", required=True, help="why, for the audit log")


def _unfold_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user-id", type=UUID, required=True, help="id of the user")
    parser.add_argument("--email", required=True, help="the address as its owner writes it")
    parser.add_argument("--reason", required=True, help="why, for the audit log")


CREATE_ADMIN = Command(
    "create an administrator; the generated password is printed once", create_admin, _create_admin_arguments, needs=KEYED
)
UNLOCK = Command(
    "reset the sign-in attempts of a user who has tried too often", unlock, _unlock_arguments, needs=(*KEYED, "redis_url")
)
FOLDED_EMAILS = Command("list the users who get no mail because their address was stored folded", folded_emails, needs=KEYED)
UNFOLD_EMAIL = Command(
    "restore the spelling of such an address, as its owner writes it", unfold_email, _unfold_arguments, needs=KEYED
)
