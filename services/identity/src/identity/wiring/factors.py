"""Second factors."""

from identity.application.factors import Factors
from identity.application.factors.begin_totp import BeginTotp
from identity.application.factors.begin_totp_at_sign_in import BeginTotpAtSignIn
from identity.application.factors.confirm_totp import ConfirmTotp
from identity.application.factors.confirm_totp_at_sign_in import ConfirmTotpAtSignIn
from identity.application.factors.get_factors import GetFactors
from identity.application.factors.remove_totp import RemoveTotp
from identity.application.factors.renew_backup_codes import RenewBackupCodes
from identity.application.factors.totp_setup import ConfirmSetup
from identity.wiring.dependencies import Dependencies


def factors(given: Dependencies) -> Factors:
    confirm_setup = ConfirmSetup(codes=given.totp_codes, backup=given.backup_codes, record_added_factor=given.record_added_factor)
    return Factors(
        get_factors=GetFactors(views=given.views.factors),
        begin_totp=BeginTotp(uow=given.uow, codes=given.totp_codes, clock=given.clock),
        confirm_totp=ConfirmTotp(uow=given.uow, confirm_setup=confirm_setup, clock=given.clock),
        begin_totp_at_sign_in=BeginTotpAtSignIn(uow=given.uow, secrets=given.secrets, codes=given.totp_codes, clock=given.clock),
        confirm_totp_at_sign_in=ConfirmTotpAtSignIn(
            uow=given.uow, secrets=given.secrets, confirm_setup=confirm_setup, clock=given.clock
        ),
        remove_totp=RemoveTotp(uow=given.uow, record_removed_factor=given.record_removed_factor, clock=given.clock),
        renew_backup_codes=RenewBackupCodes(
            uow=given.uow, backup=given.backup_codes, end_sessions=given.end_sessions, clock=given.clock
        ),
    )
