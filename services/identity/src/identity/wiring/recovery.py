"""Account recovery."""

from chassis.approvals.local_decider import DecideLocally
from chassis.wiring import wire
from identity.application.recovery import Recovery
from identity.application.recovery.approval import LockedRecovery
from identity.infrastructure.generated_password import generate_password
from identity.wiring.approvals import execute_recovery_approval, signer
from identity.wiring.dependencies import Dependencies
from kernel.approval_ports import Decide


def recovery(given: Dependencies) -> Recovery:
    return wire(
        Recovery,
        uow=given.uow,
        views=given.views.recovery,
        reads=given.reads,
        hashes=given.views.password_hashes,
        secrets=given.secrets,
        codes=given.codes,
        passwords=given.passwords,
        new_password=given.new_password,
        generate_password=generate_password,
        attempts=given.attempts,
        end_sessions=given.end_sessions,
        revocations=given.revocations,
        decide=_decide(given),
        clock=given.clock,
    )


def _decide(given: Dependencies) -> Decide[LockedRecovery]:
    # Governance's approvals will replace the local decider and bring chains, quorum and delegation.
    return DecideLocally(
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
