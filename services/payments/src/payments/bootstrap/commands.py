"""The commands of payments."""

# ruff: noqa: PLC0415  # what only one command needs is imported where it is run

import argparse

from chassis.run import Command
from payments.settings import PaymentsSettings


async def ledger(settings: PaymentsSettings, _arguments: argparse.Namespace) -> int:
    """Verify the whole ledger; 1 when it does not add up."""
    from chassis.persistence.database import Database
    from payments.infrastructure.ledger_verification import LedgerVerification
    from payments.interfaces.commands import tell

    database = Database.of(settings, pool_size=1)
    try:
        return 1 if await tell(LedgerVerification(database).findings()) else 0
    finally:
        await database.close()


def _ledger_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("act", choices=["verify"], help="hold every balance, entry and hold against the postings")


COMMANDS = {"ledger": Command("verify the whole ledger, of one moment, while transfers go on", ledger, _ledger_arguments)}
