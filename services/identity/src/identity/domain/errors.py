"""What identity refuses, in its own terms."""

from typing import ClassVar

from kernel.errors import AccessDenied, AlreadyExists, DomainError, InvalidValue, Kind


class InvalidCredentials(DomainError):
    """Invalid credentials."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_001"


class SessionExpired(DomainError):
    """The session has expired; sign in again."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_002"


class InvalidRefreshToken(DomainError):
    """The refresh token is not valid; sign in again."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_003"


class TooManyAttempts(DomainError):
    """Too many sign-in attempts; wait before the next."""

    kind = Kind.EXHAUSTED
    code = "RATE_001"
    tells = ("retry_after_seconds",)

    def __init__(self, *, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(retry_after_seconds=retry_after_seconds)


class UserExists(AlreadyExists):
    """An account with these details exists already."""


class InvalidCode(DomainError):
    """The code is wrong, was used, or has expired; ask for another."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_010"


class InvalidEmail(InvalidValue):
    """Not an e-mail address."""


class InvalidPhone(InvalidValue):
    """Not a telephone number in international form, such as +264811234567."""


class NoTextMessages(InvalidPhone):
    """The number does not receive text messages; give a mobile number, not a landline, premium or satellite number."""


class InvalidName(InvalidValue):
    """A name is of the length that is told, has a letter, and holds no character that cannot be seen."""

    tells = ("length_min", "length_max")

    @property
    def message(self) -> str:
        return (
            f"A name has {self.facts['length_min']} to {self.facts['length_max']} characters, at least one of them a letter and "
            "none of them one that is not seen."
        )


class InvalidUsername(InvalidValue):
    """A username has 3 to 64 lower-case letters, digits, dots, dashes or underscores, and begins with a letter or digit."""


class ReservedUsername(InvalidValue):
    """The username is reserved; choose another."""


class TermsNotAgreed(InvalidValue):
    """The terms and conditions must be agreed to."""


class WeakPassword(InvalidValue):
    """The password is too weak."""

    RULES: ClassVar[dict[str, str]] = {
        "length_min": "is too short",
        "length_max": "is too long",
        "upper_case": "needs an upper-case letter",
        "lower_case": "needs a lower-case letter",
        "digit": "needs a digit",
        "special": "needs a special character",
        "reused": "is one of your last five",
        "common": "is one that attackers try first",
        "predictable": "is a word, a year or a sequence with too little added",
        "context": "must not contain your name, e-mail address or the platform's name",
    }

    tells = ("rule",)

    def __init__(self, *, rule: str) -> None:
        super().__init__(field="password", rule=rule)

    @property
    def message(self) -> str:
        return f"The password {self.RULES[str(self.facts['rule'])]}."


class InvalidChallenge(InvalidValue):
    """The challenge is not one of ours for this device, or has expired; ask for another."""


class InvalidDeviceKey(InvalidValue):
    """Not a public key of the algorithm: base64url of 32 bytes for Ed25519, of the 65-byte uncompressed point for ES256."""


class PossessionNotProven(InvalidValue):
    """The signature is not the key's over the challenge."""


class DeviceKeyKnown(AlreadyExists):
    """The key was registered before; make a new one."""


class WrongCode(DomainError):
    """The code is not right, or was used before."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_006"


class SignInOver(DomainError):
    """The sign-in has ended; begin again."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_007"


class PasskeyRefused(DomainError):
    """The passkey's answer is not acceptable."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_008"


class DeviceProofRefused(DomainError):
    """The session's device has a registered key: send a valid proof of that key in the DPoP header."""

    kind = Kind.UNAUTHENTICATED
    code = "AUTH_011"
    tells = ("problem",)


class InvalidResetLink(InvalidValue):
    """The link is no longer valid; ask for a new one."""


class InvalidUndoLink(InvalidValue):
    """The link is not valid: it was used, is older than 72 hours or incomplete, or the account was closed permanently."""


class FormerAddressTaken(DomainError):
    """Another account has this e-mail address. If it is yours, sign in to it, change its address, and open the link again."""

    kind = Kind.CONFLICT
    code = "IDN_005"


class EmailChangeCanBeUndone(DomainError):
    """The account's e-mail address was changed and the change can still be undone; request the erasure when it no longer can."""

    kind = Kind.REFUSED
    code = "IDN_006"
    tells = ("possible_from",)


class FactorExists(AlreadyExists):
    """The second factor is set up already; remove it first."""


class TooManyPasskeys(AlreadyExists):
    """No more passkeys may be added; remove one first."""


class RecoveryDecided(AlreadyExists):
    """The request was decided already, or has ended, or its account is not active."""


class RecoveryUnconfirmed(DomainError):
    """The request has not been confirmed yet with the code that was sent to the account's e-mail address."""

    kind = Kind.REFUSED
    code = "IDN_004"


class OwnRecovery(AccessDenied):
    """You cannot decide on the recovery of your own account, or on one that you triggered."""


class RecoveryPending(AlreadyExists):
    """A request to recover this account waits already."""


class InvalidLabel(InvalidValue):
    """A label has 1 to 64 characters, none of them one that is not seen."""

    tells = ("length_max",)


class TooManyAddresses(DomainError):
    """No more wallet addresses can be issued; retire one first."""

    kind = Kind.REFUSED
    code = "IDN_001"
    tells = ("live_max",)


class LastAddress(DomainError):
    """The last wallet address of an account cannot be retired."""

    kind = Kind.REFUSED
    code = "IDN_002"


class StillInOffice(DomainError):
    """An account that decides for others cannot be erased; have its roles revoked first."""

    kind = Kind.REFUSED
    code = "IDN_003"
    tells = ("roles",)


class BeyondAuthority(DomainError):
    """The person has permissions that you do not have."""

    kind = Kind.DENIED
    code = "ACC_003"


class LastAdministrator(DomainError):
    """At least one active person must be able to manage roles; grant such a role to somebody else first."""

    kind = Kind.REFUSED
    code = "GOV_002"


class UnknownAcknowledgement(InvalidValue):
    """The acknowledgement is of a service that was not asked."""
