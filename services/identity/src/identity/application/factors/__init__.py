"""Second factors: the table of contents."""

from dataclasses import dataclass

from identity.application.factors.begin_totp import BeginTotp
from identity.application.factors.begin_totp_at_sign_in import BeginTotpAtSignIn
from identity.application.factors.confirm_totp import ConfirmTotp
from identity.application.factors.confirm_totp_at_sign_in import ConfirmTotpAtSignIn
from identity.application.factors.get_factors import GetFactors
from identity.application.factors.remove_totp import RemoveTotp
from identity.application.factors.renew_backup_codes import RenewBackupCodes


@dataclass(frozen=True, slots=True)
class Factors:
    get_factors: GetFactors
    begin_totp: BeginTotp
    confirm_totp: ConfirmTotp
    begin_totp_at_sign_in: BeginTotpAtSignIn
    confirm_totp_at_sign_in: ConfirmTotpAtSignIn
    remove_totp: RemoveTotp
    renew_backup_codes: RenewBackupCodes
