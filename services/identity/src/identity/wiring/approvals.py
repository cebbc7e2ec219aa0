"""Builds the local decider of identity, and what carries decisions out."""

from chassis.approvals.execution import ExecuteApproval
from chassis.approvals.signing import LocalSigner
from chassis.approvals.unfinished import ExecuteDecided
from chassis.persistence.database import Database
from identity.application.ports.authority import Authority
from identity.application.ports.recovery import DeciderRights
from identity.application.ports.revocations import Revocations
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.recovery.approval import ApprovableRecovery, LockedRecovery, RecoveryDeciders
from identity.domain.recovery_request import APPROVAL_KIND
from identity.infrastructure.sql.transaction import SqlIdentityTransaction
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from kernel.clock import Clock


def signer(settings: IdentitySettings) -> LocalSigner:
    return LocalSigner.of(IdentitySettings.NAME, settings.keys())


def execute_recovery_approval(
    *,
    settings: IdentitySettings,
    database: Database,
    authority: Authority,
    end_sessions: UserSessionsEnder,
    revocations: Revocations,
    clock: Clock,
) -> ExecuteApproval[SqlIdentityTransaction, LockedRecovery]:
    uow = unit_of_work(settings, database)
    approvable = ApprovableRecovery(uow=uow, authority=authority, end_sessions=end_sessions, revocations=revocations, clock=clock)
    return ExecuteApproval(uow=uow, approvable=approvable, keys=signer(settings).keys, clock=clock)


def execute_decided(
    execute: ExecuteApproval[SqlIdentityTransaction, LockedRecovery],
    *,
    settings: IdentitySettings,
    database: Database,
    rights: DeciderRights,
    authority: Authority,
    clock: Clock,
) -> ExecuteDecided[SqlIdentityTransaction]:
    """Build the job that carries out what is decided."""
    uow = unit_of_work(settings, database)
    return ExecuteDecided(
        uow=uow,
        executions={APPROVAL_KIND: execute},
        deciders={APPROVAL_KIND: RecoveryDeciders(uow=uow, rights=rights, authority=authority)},
        service=IdentitySettings.NAME,
        clock=clock,
    )
