"""The commands of sessions: rotating the keys that sign access tokens, and unlocking who has tried too often."""

# What only one process needs is imported where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

import argparse
import sys
from uuid import UUID

from chassis.run import Command
from identity.bootstrap.parts import attempts, unit_of_work, vault
from identity.settings import IdentitySettings
from kernel.clock import SystemClock


async def rotate_keys(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Let the next key sign now; 1 when verifiers may not know it yet."""
    from chassis.persistence.database import Database
    from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys
    from identity.infrastructure.signing_keys import SealedKeyMaker

    database = Database.of(settings, pool_size=1)
    try:
        maker = SealedKeyMaker(*settings.keys())
        rotate = RotateSigningKeys(unit_of_work(settings, database), maker, SystemClock(), settings.signing_key_life)
        rotation = await rotate(early=True, compromised=arguments.compromised)
    finally:
        await database.close()
    if rotation.rotated:
        sys.stdout.write(f"{rotation.signing_id} signs from now on; {rotation.next_id} is published and follows it.\n")
        return 0
    sys.stdout.write(
        f"Nothing changed: the next key, {rotation.next_id}, may sign from {rotation.next_usable_at:%H:%M:%S} UTC.\n"
    )
    return 1


async def unlock(settings: IdentitySettings, arguments: argparse.Namespace) -> int:
    """Let a user try again; 1 when there is none."""
    from chassis.crypto import BlindIndex
    from chassis.persistence.database import Database
    from chassis.policies import Policies
    from chassis.redis import redis_client
    from chassis.rpc import connect
    from identity.application.sessions.unlock_user import UnlockUser
    from identity.domain.sign_in_name import SignInName
    from identity.infrastructure.governance import GovernanceAuthority
    from identity.infrastructure.queries import SqlIdentityQueries
    from kernel.actor import Actor

    database = Database.of(settings, pool_size=1)
    redis = redis_client(settings.redis_url.get_secret_value())
    try:
        queries = SqlIdentityQueries(database, vault(settings), SystemClock())
        credential = await queries.credential(SignInName.email(arguments.email)) if arguments.email else None
        user_id = credential.user_id if credential else arguments.user_id
        if user_id is None or await queries.user(user_id) is None:
            sys.stdout.write("There is no such user.\n")
            return 1
        # A command is the platform's own work: policies without a bundle are not asked, and the channel opens no connection.
        async with connect(settings, "governance") as governance:
            unlock_user = UnlockUser(
                uow=unit_of_work(settings, database),
                queries=queries,
                devices=queries,
                sessions=queries,
                permissions=Policies(SystemClock()),
                authority=GovernanceAuthority(governance),
                attempts=attempts(settings, redis),
                digest=BlindIndex(settings.digest(), purpose="sign-in-name"),
                clock=SystemClock(),
            )
            await unlock_user(actor=Actor.service("identity"), user_id=user_id, reason=arguments.reason)
    finally:
        await redis.aclose()
        await database.close()
    sys.stdout.write(f"{user_id} may sign in again.\n")
    return 0


def _rotate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compromised", action="store_true", help="keep no key: every access token is void, clients have to refresh theirs"
    )


def _unlock_arguments(parser: argparse.ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user-id", type=UUID, help="whom to unlock")
    who.add_argument("--email", help="whom to unlock, by e-mail address")
    parser.add_argument("--reason", required=True, help="why, for the audit log")


ROTATE_KEYS = Command("let the next key sign access tokens", rotate_keys, _rotate_arguments)
UNLOCK = Command("let somebody sign in again who has tried too often", unlock, _unlock_arguments)
