"""The use cases of account recovery."""

from dataclasses import dataclass

from identity.application.recovery.ask_recovery import AskRecovery
from identity.application.recovery.confirm_recovery import ConfirmRecovery
from identity.application.recovery.decide_recovery import DecideRecovery
from identity.application.recovery.list_recovery_requests import ListRecoveryRequests
from identity.application.recovery.undo_email_change import UndoEmailChange


@dataclass(frozen=True, slots=True)
class Recovery:
    ask_recovery: AskRecovery
    confirm_recovery: ConfirmRecovery
    list_recovery_requests: ListRecoveryRequests
    decide_recovery: DecideRecovery
    undo_email_change: UndoEmailChange
