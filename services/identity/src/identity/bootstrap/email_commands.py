"""The commands for e-mail addresses that an earlier release stored folded."""

# What only one process needs is imported where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

import argparse
import sys
from uuid import UUID

from chassis.run import Command
from identity.bootstrap.parts import unit_of_work, vault
from identity.settings import IdentitySettings
from kernel.clock import SystemClock


async def folded_emails(settings: IdentitySettings, _arguments: argparse.Namespace) -> int:
    """Print the users whose address takes no mail, one id a line."""
    from chassis.persistence.database import Database
    from identity.infrastructure.queries import SqlIdentityQueries

    database = Database.of(settings, pool_size=1)
    try:
        queries = SqlIdentityQueries(database, vault(settings), SystemClock())
        async for user_id in queries.users_without_mail():
            sys.stdout.write(f"{user_id}\n")
    finally:
        await database.close()
    return 0


async def unfold_email(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Write an address out again; 1 when it is not the one that was folded."""
    from chassis.persistence.database import Database
    from identity.application.accounts.unfold_email import UnfoldEmail
    from identity.infrastructure.contacts import ParsedContacts
    from kernel.actor import Actor
    from kernel.errors import DomainError

    database = Database.of(settings, pool_size=1)
    try:
        unfold = UnfoldEmail(unit_of_work(settings, database), ParsedContacts(), SystemClock())
        await unfold(actor=Actor.service("identity"), user_id=arguments.user_id, email=arguments.email, reason=arguments.reason)
    except DomainError as error:
        sys.stdout.write(f"Nothing changed: {error.message}\n")
        return 1
    finally:
        await database.close()
    sys.stdout.write(f"{arguments.user_id} is written to at that address from now on.\n")
    return 0


def _unfold_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user-id", type=UUID, required=True, help="whose address it is")
    parser.add_argument("--email", required=True, help="the address as its owner writes it")
    parser.add_argument("--reason", required=True, help="why, for the audit log")


FOLDED_EMAILS = Command("list the users who get no mail because their address was stored folded", folded_emails)
UNFOLD_EMAIL = Command("write such an address out again, as its owner writes it", unfold_email, _unfold_arguments)
