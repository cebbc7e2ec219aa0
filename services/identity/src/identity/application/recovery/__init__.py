"""Getting an account back: the table of contents."""

from dataclasses import dataclass

from identity.application.recovery.confirm_recovery import ConfirmRecovery
from identity.application.recovery.list_recovery_requests import ListRecoveryRequests
from identity.application.recovery.recover_account import AskRecovery, DecideRecovery
from identity.application.recovery.reset_password import AskPasswordReset, ResetPassword
from identity.application.recovery.undo_email_change import UndoEmailChange


@dataclass(frozen=True, slots=True)
class Recovery:
    ask_password_reset: AskPasswordReset
    reset_password: ResetPassword
    ask_recovery: AskRecovery
    confirm_recovery: ConfirmRecovery
    list_recovery_requests: ListRecoveryRequests
    decide_recovery: DecideRecovery
    undo_email_change: UndoEmailChange
