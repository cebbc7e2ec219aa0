"""Identity's own settings, in addition to those of every service."""

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from chassis.settings import ServiceSettings
from identity.application.factors.required_factors import RequiredOf


class IdentitySettings(ServiceSettings):
    NAME: ClassVar[str] = "identity"
    PEERS: ClassVar[tuple[str, ...]] = ("governance",)
    CHECKED_IN_USE: ClassVar[frozenset[str]] = frozenset({"admin_password"})

    rest_port: int = 8101
    grpc_port: int = 9101
    ops_port: int = 8201

    # The administrator created at the first start. Without a password, one is generated and printed once.
    admin_email: str = "admin@elcorp.na"
    admin_password: SecretStr | None = None

    access_token_seconds: int = Field(default=900, ge=60, le=900)
    session_days: int = Field(default=7, ge=1, le=7)
    # A session that is idle for this long ends. Longer than the life of an access token, or a token could outlive its session.
    session_idle_minutes: int = Field(default=1440, ge=20, le=10_080)
    signing_key_days: int = Field(default=30, ge=1, le=365)
    login_attempts_per_hour: int = Field(default=10, ge=1, le=100_000)
    # Failures from one address, over all accounts, per hour.
    login_failures_per_hour_of_address: int = Field(default=100, ge=1, le=1_000_000)
    # How many attempts of one address within an hour, such as failed sign-ins, are separate entries in the audit log. Later ones
    # are counted in one more entry.
    attempts_recorded_singly: int = Field(default=1, ge=1, le=100_000)
    # How many acts of one kind with one account's credentials within an hour, such as sign-ins, are separate entries, from any
    # address. Later ones are counted as attempts of their address.
    acts_recorded_singly: int = Field(default=10, ge=1, le=100_000)
    # Failures of one account in a row, over any time (NIST SP 800-63B-4 3.2.2 allows a hundred). After that, only a reset helps.
    login_failures_in_a_row: int = Field(default=100, ge=1, le=100)

    # Users who must sign in with two factors; those without a second one set it up at their next sign-in. Outside local
    # environments this is at least `privileged`: users whose roles permit more than the default role.
    mfa_required_of: RequiredOf = RequiredOf.NOBODY
    # The domain of the passkeys, which must never change, and the web origins that may use them.
    passkey_domain: str = "localhost"
    passkey_origins: tuple[str, ...] = ("http://localhost:8000",)
    # The page that gets the token of a password reset after its "#", which servers never see.
    reset_page: str = "http://localhost:8000/reset-password"
    # The page that gets the token that undoes a change of e-mail address, in the same way.
    undo_page: str = "http://localhost:8000/undo-email-change"

    password_length_min: int = Field(default=12, ge=12, le=64)
    # NIST SP 800-63B-4 requires 15 if the password is the only factor; the platform's brief requires 12.
    password_length_min_single_factor: int = Field(default=12, ge=12, le=64)
    password_complexity: bool = True
    # Argon2id with OWASP's minimum. Each worker uses this memory while it hashes.
    argon2_memory_kib: int = Field(default=19_456, ge=8, le=1_048_576)
    argon2_passes: int = Field(default=2, ge=1, le=20)
    hash_workers: int = Field(default=2, ge=1, le=16)
    # Keep the workers' memory between hashes: about a sixth more sign-ins per second for 19 MB per worker.
    hash_memory_kept: bool = False
    hash_waiting_max: int = Field(default=32, ge=1, le=1024)

    # Mail and text messages. If they are not configured locally, read messages at /api/v1/dev/mailbox.
    mail_from: str = "Elcorp Namibia <no-reply@elcorp.na>"
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    sms_url: str | None = None
    sms_token: SecretStr | None = None
    sms_from: str = "Elcorp"

    @property
    def has_mailbox(self) -> bool:
        """Whether messages are kept for a developer to read."""
        return self.environment == "local"

    @property
    def must_have_two(self) -> RequiredOf:
        """Return who must have a second factor, by the setting and the environment."""
        lenient = self.mfa_required_of is RequiredOf.NOBODY
        return RequiredOf.PRIVILEGED if lenient and self.privileged_have_two else self.mfa_required_of

    @property
    def access_token_life(self) -> timedelta:
        return timedelta(seconds=self.access_token_seconds)

    @property
    def session_idle(self) -> timedelta:
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def signing_key_life(self) -> timedelta:
        return timedelta(days=self.signing_key_days)

    @property
    def session_life(self) -> timedelta:
        return timedelta(days=self.session_days)
