"""Account recovery."""

from chassis.approvals.local_decider import DecideLocally
from identity.application.recovery import Recovery
from identity.application.recovery.ask_recovery import AskRecovery
from identity.application.recovery.confirm_recovery import ConfirmRecovery
from identity.application.recovery.decide_recovery import DecideRecovery
from identity.application.recovery.list_recovery_requests import ListRecoveryRequests
from identity.application.recovery.undo_email_change import UndoEmailChange
from identity.infrastructure.generated_password import generate_password
from identity.wiring.approvals import execute_recovery_approval, signer
from identity.wiring.dependencies import Dependencies


def recovery(given: Dependencies) -> Recovery:
    return Recovery(
        ask_recovery=AskRecovery(uow=given.uow, secrets=given.secrets, codes=given.codes, clock=given.clock),
        confirm_recovery=ConfirmRecovery(uow=given.uow, codes=given.codes, clock=given.clock),
        list_recovery_requests=ListRecoveryRequests(views=given.views.recovery, reads=given.reads),
        undo_email_change=UndoEmailChange(
            uow=given.uow,
            hashes=given.views.password_hashes,
            secrets=given.secrets,
            passwords=given.passwords,
            new_password=given.new_password,
            generate_password=generate_password,
            attempts=given.attempts,
            end_sessions=given.end_sessions,
            revocations=given.revocations,
            clock=given.clock,
        ),
        # Governance's approvals will replace the local decider and bring chains, quorum and delegation.
        decide_recovery=DecideRecovery(
            decide=DecideLocally(
                execute=execute_recovery_approval(
                    settings=given.settings,
                    database=given.database,
                    authority=given.authority,
                    end_sessions=given.end_sessions,
                    revocations=given.revocations,
                    clock=given.clock,
                ),
                signer=signer(given.settings),
            )
        ),
    )
