"""Second factors, passkeys and proving anew who one is: the table of contents."""

from dataclasses import dataclass

from identity.application.factors.complete_sign_in import CompleteSignIn
from identity.application.factors.manage_passkeys import AddPasskey, BeginPasskey, RemovePasskey, RenamePasskey
from identity.application.factors.remove_totp import RemoveTotp
from identity.application.factors.renew_backup_codes import RenewBackupCodes
from identity.application.factors.set_up_totp import BeginTotp, ConfirmTotp
from identity.application.factors.sign_in_with_passkey import ChallengePasskey, SignInWithPasskey
from identity.application.factors.step_up import StepUp


@dataclass(frozen=True, slots=True)
class Factors:
    complete_sign_in: CompleteSignIn
    step_up: StepUp
    begin_totp: BeginTotp
    confirm_totp: ConfirmTotp
    remove_totp: RemoveTotp
    renew_backup_codes: RenewBackupCodes
    begin_passkey: BeginPasskey
    add_passkey: AddPasskey
    rename_passkey: RenamePasskey
    remove_passkey: RemovePasskey
    challenge_passkey: ChallengePasskey
    sign_in_with_passkey: SignInWithPasskey
