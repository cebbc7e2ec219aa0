"""The use cases of second factors."""

from identity.application.factors import Factors
from identity.application.factors.answer_ceremony import AnswerCeremony
from identity.application.factors.complete_sign_in import CompleteSignIn
from identity.application.factors.manage_passkeys import AddPasskey, BeginPasskey, RemovePasskey, RenamePasskey
from identity.application.factors.remove_totp import RemoveTotp
from identity.application.factors.renew_backup_codes import RenewBackupCodes
from identity.application.factors.required_factors import RequiredFactors
from identity.application.factors.second_factor import CodeCheck
from identity.application.factors.set_up_totp import BeginTotp, ConfirmTotp
from identity.application.factors.sign_in_with_passkey import ChallengePasskey, SignInWithPasskey
from identity.application.factors.step_up import StepUp
from identity.application.ports.accounts import Passwords
from identity.application.ports.sessions import AccessTokens, Revocations, Roles
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.queries import IdentityQueries
from identity.application.sessions.start_session import StartSession
from identity.infrastructure.one_time_secrets import KeyedBackupCodes, RandomSecrets
from identity.infrastructure.passkeys import LibraryWebAuthn
from identity.infrastructure.totp import PyotpCodes
from identity.settings import IdentitySettings
from kernel.clock import Clock


def build_factors(
    settings: IdentitySettings,
    *,
    uow: UnitOfWork,
    queries: IdentityQueries,
    passwords: Passwords,
    roles: Roles,
    revocations: Revocations,
    access_tokens: AccessTokens,
    required: RequiredFactors,
    start: StartSession,
    clock: Clock,
) -> Factors:
    secrets, totp, backup = RandomSecrets(), PyotpCodes(), KeyedBackupCodes(settings.digest())
    webauthn = LibraryWebAuthn(rp_id=settings.passkey_domain, origins=settings.passkey_origins)
    check, answer = CodeCheck(totp, backup), AnswerCeremony(webauthn)
    return Factors(
        complete_sign_in=CompleteSignIn(uow, secrets, check, start, clock),
        step_up=StepUp(uow, queries, passwords, check, answer, roles, access_tokens, clock, required),
        begin_totp=BeginTotp(uow, queries, secrets, totp, clock),
        confirm_totp=ConfirmTotp(uow, secrets, totp, backup, revocations, clock),
        remove_totp=RemoveTotp(uow, revocations, clock),
        renew_backup_codes=RenewBackupCodes(uow, backup, revocations, clock),
        begin_passkey=BeginPasskey(uow, queries, webauthn, clock),
        add_passkey=AddPasskey(uow, webauthn, revocations, clock),
        rename_passkey=RenamePasskey(uow, clock),
        remove_passkey=RemovePasskey(uow, revocations, clock),
        challenge_passkey=ChallengePasskey(uow, webauthn, clock),
        sign_in_with_passkey=SignInWithPasskey(uow, answer, start, clock),
    )
