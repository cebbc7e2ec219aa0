"""The command that rotates the keys that sign access tokens."""

# Import what only one command needs where it is built.
# ruff: noqa: PLC0415

import argparse
import sys

from chassis.run import KEYED, Command
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from kernel.clock import SystemClock


async def rotate_keys(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Activate the next key now. Return 1 if verifiers may not know it yet."""
    from chassis.persistence.database import Database
    from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys
    from identity.infrastructure.signing_keys import SealedKeyMaker

    database = Database.of(settings, pool_size=1)
    try:
        rotate = RotateSigningKeys(
            uow=unit_of_work(settings, database),
            key_maker=SealedKeyMaker(*settings.keys()),
            clock=SystemClock(),
            key_life=settings.signing_key_life,
        )
        rotation = await rotate(early=True, compromised=arguments.compromised)
    finally:
        await database.close()
    if rotation.rotated:
        sys.stdout.write(f"{rotation.signing_id} signs now; {rotation.next_id} is published as the next key.\n")
        return 0
    sys.stdout.write(
        f"Nothing changed: the next key, {rotation.next_id}, can sign from {rotation.next_usable_at:%H:%M:%S} UTC.\n"
    )
    return 1


def _rotate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compromised", action="store_true", help="keep no key: all access tokens become void and clients must refresh theirs"
    )


ROTATE_KEYS = Command("rotate the keys that sign access tokens", rotate_keys, _rotate_arguments, needs=KEYED)
