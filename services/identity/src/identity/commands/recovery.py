"""The command for recovery requests."""

# Import what only one process needs where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

import argparse
import sys
from uuid import UUID

from chassis.run import KEYED, Command
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from kernel.clock import SystemClock


async def confirm_recovery(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Confirm a request in place of the account's mailbox. Return 1 if it cannot be confirmed."""
    from chassis.persistence.database import Database
    from identity.application.recovery.confirm_recovery_in_person import ConfirmRecoveryInPerson
    from kernel.actor import Actor
    from kernel.errors import DomainError

    database = Database.of(settings, pool_size=1)
    try:
        confirm = ConfirmRecoveryInPerson(uow=unit_of_work(settings, database), clock=SystemClock())
        await confirm(
            actor=Actor.service("identity"),
            request_id=arguments.request_id,
            seen_by=arguments.seen_by,
            reason=arguments.reason,
        )
    except DomainError as error:
        sys.stdout.write(f"Nothing changed: {error.message}\n")
        return 1
    finally:
        await database.close()
    sys.stdout.write(f"{arguments.request_id} can now be decided by anybody but {arguments.seen_by}.\n")
    return 0


def _confirm_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--request-id", type=UUID, required=True, help="the recovery request")
    parser.add_argument("--seen-by", type=UUID, required=True, help="user id of the member of staff who saw the owner")
    parser.add_argument("--reason", required=True, help="why, for the audit log")


CONFIRM_RECOVERY = Command(
    "confirm a recovery request of an owner who was seen in person, because their mailbox is lost or receives no mail",
    confirm_recovery,
    _confirm_arguments,
    needs=KEYED,
)
