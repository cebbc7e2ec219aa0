"""The adapters that use cases share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from chassis.audited_reads import AuditedReads
from chassis.crypto import BlindIndex
from chassis.persistence.database import Database
from identity.application.factors.check_code import CheckCode
from identity.application.factors.record_added_factor import RecordAddedFactor
from identity.application.factors.record_removed_factor import RecordRemovedFactor
from identity.application.factors.required_factors import RequiredFactors
from identity.application.passkeys.answer_ceremony import AnswerCeremony
from identity.application.passwords.new_password import NewPassword
from identity.application.ports.attempts import AttemptLimits
from identity.application.ports.authority import Authority
from identity.application.ports.passwords import PasswordHasher
from identity.application.ports.permissions import Permissions
from identity.application.ports.revocations import Revocations
from identity.application.ports.roles import Roles
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.registration.one_time_codes import CodeIssuer
from identity.application.sessions.end_session import EndSession
from identity.application.sessions.end_sessions import EndSessions
from identity.application.sessions.start_session import StartSession
from identity.application.sessions.withdraw_proofs import WithdrawProofs
from identity.domain.password_policy import PasswordPolicy
from identity.infrastructure.access_tokens import JwtAccessTokens
from identity.infrastructure.contact_parsing import ContactParser
from identity.infrastructure.device_tokens import SignedDeviceTokens
from identity.infrastructure.one_time_codes import generate_code
from identity.infrastructure.one_time_secrets import KeyedBackupCodes, RandomSecrets
from identity.infrastructure.passkeys import LibraryWebAuthn
from identity.infrastructure.refresh_tokens import SignedRefreshTokens
from identity.infrastructure.signing_keys import KeyRing
from identity.infrastructure.sql.views import SqlViews
from identity.infrastructure.totp import PyotpCodes
from identity.settings import IdentitySettings
from identity.wiring import adapters
from kernel.clock import Clock
from kernel.reads import Reads


# No slots: cached properties need a __dict__.
@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """The settings and adapters of a process, for its use cases. Each adapter is built once."""

    settings: IdentitySettings
    database: Database
    ring: KeyRing
    passwords: PasswordHasher
    roles: Roles
    authority: Authority
    attempts: AttemptLimits
    revocations: Revocations
    permissions: Permissions
    clock: Clock
    generate_code: Callable[[], str] = generate_code

    @cached_property
    def uow(self) -> UnitOfWork:
        return adapters.unit_of_work(self.settings, self.database)

    @cached_property
    def reads(self) -> Reads:
        return AuditedReads(uow=adapters.unit_of_work(self.settings, self.database), clock=self.clock)

    @cached_property
    def views(self) -> SqlViews:
        return SqlViews.of(self.database, adapters.vault(self.settings), self.clock)

    @cached_property
    def contacts(self) -> ContactParser:
        return ContactParser()

    @cached_property
    def secrets(self) -> RandomSecrets:
        return RandomSecrets()

    @cached_property
    def codes(self) -> CodeIssuer:
        return CodeIssuer(digest=BlindIndex(self.settings.digest(), purpose="one-time-code"), generate=self.generate_code)

    @cached_property
    def sign_in_names(self) -> BlindIndex:
        """The digest of a sign-in name. An account has the same digest everywhere in the audit log."""
        return BlindIndex(self.settings.digest(), purpose="sign-in-name")

    @cached_property
    def password_policy(self) -> PasswordPolicy:
        return adapters.password_policy(self.settings)

    @cached_property
    def new_password(self) -> NewPassword:
        return NewPassword(
            passwords=self.passwords, policy=self.password_policy, users=self.views.users, hashes=self.views.password_hashes
        )

    @cached_property
    def access_tokens(self) -> JwtAccessTokens:
        settings = self.settings
        return JwtAccessTokens(
            self.ring, issuer=settings.token_issuer, audience=settings.token_audience, life=settings.access_token_life
        )

    @cached_property
    def refresh_tokens(self) -> SignedRefreshTokens:
        return SignedRefreshTokens(self.settings.digest())

    @cached_property
    def device_tokens(self) -> SignedDeviceTokens:
        return SignedDeviceTokens(self.settings.digest())

    @cached_property
    def required_factors(self) -> RequiredFactors:
        return RequiredFactors(permissions=self.permissions, of=self.settings.must_have_two)

    @cached_property
    def start_session(self) -> StartSession:
        return StartSession(
            uow=self.uow,
            roles=self.roles,
            access_tokens=self.access_tokens,
            refresh_tokens=self.refresh_tokens,
            clock=self.clock,
            session_life=self.settings.session_life,
            device_tokens=self.device_tokens,
        )

    @cached_property
    def end_session(self) -> EndSession:
        return EndSession(revocations=self.revocations)

    @cached_property
    def end_sessions(self) -> EndSessions:
        return EndSessions(end_session=self.end_session)

    @cached_property
    def totp_codes(self) -> PyotpCodes:
        return PyotpCodes()

    @cached_property
    def backup_codes(self) -> KeyedBackupCodes:
        return KeyedBackupCodes(self.settings.digest())

    @cached_property
    def check_code(self) -> CheckCode:
        return CheckCode(totp=self.totp_codes, backup=self.backup_codes)

    @cached_property
    def record_added_factor(self) -> RecordAddedFactor:
        return RecordAddedFactor(end_sessions=self.end_sessions, revocations=self.revocations)

    @cached_property
    def record_removed_factor(self) -> RecordRemovedFactor:
        return RecordRemovedFactor(
            end_sessions=self.end_sessions,
            withdraw_proofs=WithdrawProofs(end_session=self.end_session),
            revocations=self.revocations,
        )

    @cached_property
    def webauthn(self) -> LibraryWebAuthn:
        return LibraryWebAuthn(rp_id=self.settings.passkey_domain, origins=self.settings.passkey_origins)

    @cached_property
    def answer_ceremony(self) -> AnswerCeremony:
        return AnswerCeremony(webauthn=self.webauthn)
