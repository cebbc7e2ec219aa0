"""Second factors, passkeys and step-up."""

from identity.application.factors import Factors
from identity.application.factors.answer_ceremony import AnswerCeremony
from identity.application.factors.complete_sign_in import CompleteSignIn
from identity.application.factors.manage_passkeys import AddPasskey, BeginPasskey, RemovePasskey, RenamePasskey
from identity.application.factors.remove_totp import RemoveTotp
from identity.application.factors.renew_backup_codes import RenewBackupCodes
from identity.application.factors.second_factor import CodeCheck
from identity.application.factors.set_up_totp import BeginTotp, ConfirmTotp
from identity.application.factors.sign_in_with_passkey import ChallengePasskey, SignInWithPasskey
from identity.application.factors.step_up import StepUp
from identity.infrastructure.one_time_secrets import KeyedBackupCodes
from identity.infrastructure.passkeys import LibraryWebAuthn
from identity.infrastructure.totp import PyotpCodes
from identity.wiring.dependencies import Dependencies


def factors(given: Dependencies) -> Factors:
    settings = given.settings
    totp, backup = PyotpCodes(), KeyedBackupCodes(settings.digest())
    webauthn = LibraryWebAuthn(rp_id=settings.passkey_domain, origins=settings.passkey_origins)
    check, answer = CodeCheck(totp=totp, backup=backup), AnswerCeremony(webauthn=webauthn)
    return Factors(
        complete_sign_in=CompleteSignIn(
            uow=given.uow, secrets=given.secrets, check=check, start=given.start_session, clock=given.clock
        ),
        step_up=StepUp(
            uow=given.uow,
            credentials=given.views.credentials,
            passwords=given.passwords,
            check=check,
            answer=answer,
            roles=given.roles,
            access_tokens=given.access_tokens,
            clock=given.clock,
            required=given.required_factors,
        ),
        begin_totp=BeginTotp(uow=given.uow, queries=given.views.users, secrets=given.secrets, codes=totp, clock=given.clock),
        confirm_totp=ConfirmTotp(
            uow=given.uow,
            secrets=given.secrets,
            codes=totp,
            backup=backup,
            revocations=given.revocations,
            clock=given.clock,
        ),
        remove_totp=RemoveTotp(uow=given.uow, revocations=given.revocations, clock=given.clock),
        renew_backup_codes=RenewBackupCodes(uow=given.uow, backup=backup, revocations=given.revocations, clock=given.clock),
        begin_passkey=BeginPasskey(uow=given.uow, queries=given.views.users, webauthn=webauthn, clock=given.clock),
        add_passkey=AddPasskey(uow=given.uow, webauthn=webauthn, revocations=given.revocations, clock=given.clock),
        rename_passkey=RenamePasskey(uow=given.uow, clock=given.clock),
        remove_passkey=RemovePasskey(uow=given.uow, revocations=given.revocations, clock=given.clock),
        challenge_passkey=ChallengePasskey(uow=given.uow, webauthn=webauthn, clock=given.clock),
        sign_in_with_passkey=SignInWithPasskey(uow=given.uow, answer=answer, start=given.start_session, clock=given.clock),
    )
