"""The errors of identity. An error's docstring is its message to the caller."""

from typing import ClassVar

from kernel.errors import AccessDenied, AlreadyExists, DomainError, InvalidValue, Kind, NotFound


class InvalidCredentials(DomainError):
    """Invalid credentials."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_001"


class SessionExpired(DomainError):
    """The session has expired. Sign in again."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_002"


class InvalidRefreshToken(DomainError):
    """The refresh token is invalid. Sign in again."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_003"


class TooManyAttempts(DomainError):
    """Too many attempts. Retry after `retry_after_seconds` seconds."""

    kind = Kind.EXHAUSTED
    code = "RATE_001"
    disclosed = ("retry_after_seconds",)

    def __init__(self, *, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(retry_after_seconds=retry_after_seconds)


class UserExists(AlreadyExists):
    """An account with these details already exists."""


class InvalidCode(DomainError):
    """The code is wrong, already used or expired. Request another one."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_010"


class InvalidEmail(InvalidValue):
    """The e-mail address is invalid."""


class InvalidPhone(InvalidValue):
    """The telephone number is invalid. Give it in international form, such as +264811234567."""


class NoTextMessages(InvalidPhone):
    """The number cannot receive text messages. Give a mobile number, not a landline, premium or satellite number."""


class InvalidName(InvalidValue):
    """A name has a limited length, at least one letter and no invisible characters."""

    disclosed = ("length_min", "length_max")

    @property
    def message(self) -> str:
        return (
            f"A name has {self.facts['length_min']} to {self.facts['length_max']} characters, at least one letter and no "
            "invisible characters."
        )


class InvalidUsername(InvalidValue):
    """A username has 3 to 64 lower-case letters, digits, dots, dashes or underscores, and begins with a letter or digit."""


class ReservedUsername(InvalidValue):
    """The username is reserved. Choose another one."""


class TermsNotAgreed(InvalidValue):
    """You must agree to the terms and conditions."""


class WeakPassword(InvalidValue):
    """The password is too weak."""

    RULES: ClassVar[dict[str, str]] = {
        "length_min": "is too short",
        "length_max": "is too long",
        "upper_case": "needs an upper-case letter",
        "lower_case": "needs a lower-case letter",
        "digit": "needs a digit",
        "special": "needs a special character",
        "reused": "is one of your last five passwords",
        "common": "is one of the passwords that attackers try first",
        "predictable": "is a word, a year or a sequence with too little added to it",
        "context": "must not contain your name, e-mail address or the platform's name",
    }

    disclosed = ("rule",)

    def __init__(self, *, rule: str) -> None:
        super().__init__(field="password", rule=rule)

    @property
    def message(self) -> str:
        return f"The password {self.RULES[str(self.facts['rule'])]}."


class InvalidChallenge(InvalidValue):
    """The challenge was not issued to this device, or has expired. Request another one."""


class InvalidDeviceKey(InvalidValue):
    """The public key is invalid. Send base64url of 32 bytes for Ed25519, or of the 65-byte uncompressed point for ES256."""


class PossessionNotProven(InvalidValue):
    """The signature of the challenge does not match the public key."""


class DeviceKeyKnown(AlreadyExists):
    """The key was registered before. Create a new one."""


class WrongCode(DomainError):
    """The code is wrong or was used before."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_006"


class SignInOver(DomainError):
    """The sign-in has ended. Start again."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_007"


class PasskeyRefused(DomainError):
    """The passkey's response was not accepted."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_008"


class DeviceProofRefused(DomainError):
    """The device of the session has a registered key. Send a valid proof of that key in the DPoP header."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_011"
    disclosed = ("problem",)


class InvalidResetLink(InvalidValue):
    """The link is no longer valid. Request another one."""


class InvalidUndoLink(InvalidValue):
    """The link is invalid: it was used, is incomplete or older than 72 hours, or the account was closed permanently."""


class FormerAddressTaken(DomainError):
    """Another account has this e-mail address. If it is yours, sign in to it, change its address, and open the link again."""

    kind = Kind.CONFLICT
    code = "IDN_005"


class EmailChangeCanBeUndone(DomainError):
    """The last change of the account's e-mail address can still be undone. Request the erasure after that period (72 hours)."""

    kind = Kind.REFUSED
    code = "IDN_006"
    disclosed = ("possible_from",)


class FactorExists(AlreadyExists):
    """The second factor is already set up. Remove it first."""


class TooManyPasskeys(AlreadyExists):
    """You have reached the maximum number of passkeys. Remove one first."""


class RecoveryDecided(AlreadyExists):
    """The request was already decided or has ended, or its account is not active."""


class RecoveryUnconfirmed(DomainError):
    """The request has not yet been confirmed with the code that was sent to the account's e-mail address."""

    kind = Kind.REFUSED
    code = "IDN_004"


class OwnRecovery(AccessDenied):
    """You cannot decide on this recovery request."""

    @property
    def message(self) -> str:
        return (
            "You cannot decide on the recovery of your own account, of one whose password reset you required or that you created "
            "within 30 days, or on a request from a device that you use."
        )


class RecoveryPending(AlreadyExists):
    """A confirmed request to recover this account already waits for a decision."""


class InvalidLabel(InvalidValue):
    """A label has 1 to 64 characters and no invisible characters."""

    disclosed = ("length_max",)


class TooManyAddresses(DomainError):
    """You have reached the maximum number of wallet addresses. Retire one first."""

    kind = Kind.REFUSED
    code = "IDN_001"
    disclosed = ("live_max",)


class LastAddress(DomainError):
    """You cannot retire the last wallet address of an account. Issue another one first."""

    kind = Kind.REFUSED
    code = "IDN_002"


class StillInOffice(DomainError):
    """The account has roles with more permissions than the default role. Another administrator must revoke them first."""

    kind = Kind.REFUSED
    code = "IDN_003"
    disclosed = ("roles",)


class BeyondAuthority(DomainError):
    """You cannot do this to a user with permissions that you do not have."""

    kind = Kind.DENIED
    code = "ACC_003"


class LastAdministrator(DomainError):
    """At least one active user must be able to manage roles. Grant such a role to another user first."""

    kind = Kind.REFUSED
    code = "GOV_002"


class UnknownAcknowledgement(InvalidValue):
    """The acknowledgement comes from a service that was not asked."""


class UnknownTemplate(InvalidValue):
    """There is no such template of notices."""


class WrongFacts(InvalidValue):
    """The facts of the notice are not those that its template takes."""


class InvalidNoticeKey(InvalidValue):
    """The key of the notice is empty or too long."""


class NoRecipient(InvalidValue):
    """The notice names no recipient."""


class UnknownRecipients(NotFound):
    """The members of this recipient are not known here yet."""


class NoticeKeyReused(InvalidValue):
    """The key was used before for another notice."""

    code = "VAL_002"
