"""The command that replaces the master key."""

# Import what only one process needs where it is built.
# ruff: noqa: PLC0415

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from chassis.run import KEYED, Command
from identity.interfaces.publications import PUBLICATIONS
from identity.settings import IdentitySettings
from identity.wiring.adapters import vault
from kernel.clock import Clock, SystemClock

if TYPE_CHECKING:
    from chassis.persistence.database import Database
    from identity.application.wrapped_keys.rotate_master_key import RotateMasterKey

USAGE_ERROR = 2


def rotation(settings: IdentitySettings, database: "Database", clock: Clock) -> "RotateMasterKey":
    from chassis.persistence.unit_of_work import SqlUnitOfWork
    from identity.application.wrapped_keys.rotate_master_key import RotateMasterKey
    from identity.infrastructure.signing_keys import SealedKeyMaker
    from identity.infrastructure.sql.wrapped_keys import SqlKeyTransaction

    transaction = partial(SqlKeyTransaction, vault=vault(settings), key_maker=SealedKeyMaker(*settings.keys()))
    uow = SqlUnitOfWork(database, transaction, PUBLICATIONS, service=settings.NAME)
    return RotateMasterKey(uow=uow, clock=clock)


async def rotate_master_key(settings: IdentitySettings, _arguments: argparse.Namespace) -> int:
    """Wrap every key again with ELCORP_MASTER_KEY. Keys under ELCORP_OTHER_MASTER_KEY need it."""
    from chassis.persistence.database import Database

    if not settings.has_digest_key:
        sys.stderr.write(
            "ELCORP_DIGEST_KEY is not set, so look-ups depend on the master key and would be lost with it. Set it first: if it "
            "was never set, to the value of the old master key.\n"
        )
        return USAGE_ERROR
    database = Database.of(settings, pool_size=1)
    try:
        count = await rotation(settings, database, SystemClock())()
    finally:
        await database.close()
    sys.stdout.write(f"{count} keys were wrapped again; every key is now under ELCORP_MASTER_KEY\n")
    return 0


ROTATE_MASTER_KEY = Command("wrap every key again with the master key, after its replacement", rotate_master_key, needs=KEYED)
