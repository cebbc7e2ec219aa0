"""Passkeys."""

from identity.application.passkeys import Passkeys
from identity.application.passkeys.add_passkey import AddPasskey
from identity.application.passkeys.begin_passkey import BeginPasskey
from identity.application.passkeys.challenge_passkey import ChallengePasskey
from identity.application.passkeys.remove_passkey import RemovePasskey
from identity.application.passkeys.rename_passkey import RenamePasskey
from identity.application.passkeys.sign_in_with_passkey import SignInWithPasskey
from identity.wiring.dependencies import Dependencies


def passkeys(given: Dependencies) -> Passkeys:
    return Passkeys(
        begin_passkey=BeginPasskey(uow=given.uow, webauthn=given.webauthn, clock=given.clock),
        add_passkey=AddPasskey(
            uow=given.uow, webauthn=given.webauthn, record_added_factor=given.record_added_factor, clock=given.clock
        ),
        rename_passkey=RenamePasskey(uow=given.uow, clock=given.clock),
        remove_passkey=RemovePasskey(uow=given.uow, record_removed_factor=given.record_removed_factor, clock=given.clock),
        challenge_passkey=ChallengePasskey(uow=given.uow, webauthn=given.webauthn, clock=given.clock),
        sign_in_with_passkey=SignInWithPasskey(
            uow=given.uow, answer=given.answer_ceremony, start=given.start_session, clock=given.clock
        ),
    )
