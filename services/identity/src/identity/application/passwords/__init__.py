"""The use cases of passwords."""

from dataclasses import dataclass

from identity.application.passwords.ask_password_reset import AskPasswordReset
from identity.application.passwords.change_password import ChangePassword
from identity.application.passwords.require_password_reset import RequirePasswordReset
from identity.application.passwords.reset_password import ResetPassword


@dataclass(frozen=True, slots=True)
class Passwords:
    ask_password_reset: AskPasswordReset
    change_password: ChangePassword
    require_password_reset: RequirePasswordReset
    reset_password: ResetPassword
