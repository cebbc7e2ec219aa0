"""The use cases of recovery."""

from chassis.crypto import BlindIndex
from identity.application.accounts.codes import Codes
from identity.application.accounts.new_password import NewPassword
from identity.application.ports.accounts import Passwords
from identity.application.ports.authority import Authority
from identity.application.ports.sessions import Attempts, Revocations
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.queries import IdentityQueries
from identity.application.recovery import Recovery
from identity.application.recovery.confirm_recovery import ConfirmRecovery
from identity.application.recovery.list_recovery_requests import ListRecoveryRequests
from identity.application.recovery.recover_account import AskRecovery, DecideRecovery, SecondPerson
from identity.application.recovery.reset_password import AskPasswordReset, ResetPassword
from identity.application.recovery.undo_email_change import UndoEmailChange
from identity.infrastructure.generated_password import generate_password
from identity.infrastructure.one_time_secrets import RandomSecrets
from identity.settings import IdentitySettings
from kernel.clock import Clock
from kernel.reads import Reads


def build_recovery(
    settings: IdentitySettings,
    *,
    uow: UnitOfWork,
    queries: IdentityQueries,
    passwords: Passwords,
    new_password: NewPassword,
    codes: Codes,
    attempts: Attempts,
    authority: Authority,
    revocations: Revocations,
    reads: Reads,
    clock: Clock,
) -> Recovery:
    secrets = RandomSecrets()
    # As sign-in's: one account has one digest in the audit log.
    digest = BlindIndex(settings.digest(), purpose="sign-in-name")
    return Recovery(
        ask_password_reset=AskPasswordReset(uow, queries, secrets, digest, clock, page=settings.reset_page),
        reset_password=ResetPassword(uow, queries, secrets, new_password, revocations, attempts, digest, clock),
        ask_recovery=AskRecovery(uow, secrets, codes, clock),
        confirm_recovery=ConfirmRecovery(uow, codes, clock),
        list_recovery_requests=ListRecoveryRequests(queries, reads),
        # Chains, quorum and delegation come with governance's approvals, in this one's place.
        undo_email_change=UndoEmailChange(
            uow, queries, secrets, passwords, new_password, generate_password, attempts, revocations, clock
        ),
        decide_recovery=DecideRecovery(uow, authority, SecondPerson(), revocations, clock),
    )
