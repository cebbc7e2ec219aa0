"""Passkeys: the table of contents."""

from dataclasses import dataclass

from identity.application.passkeys.add_passkey import AddPasskey
from identity.application.passkeys.begin_passkey import BeginPasskey
from identity.application.passkeys.challenge_passkey import ChallengePasskey
from identity.application.passkeys.remove_passkey import RemovePasskey
from identity.application.passkeys.rename_passkey import RenamePasskey
from identity.application.passkeys.sign_in_with_passkey import SignInWithPasskey


@dataclass(frozen=True, slots=True)
class Passkeys:
    begin_passkey: BeginPasskey
    add_passkey: AddPasskey
    rename_passkey: RenamePasskey
    remove_passkey: RemovePasskey
    challenge_passkey: ChallengePasskey
    sign_in_with_passkey: SignInWithPasskey
