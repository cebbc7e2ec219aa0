"""What governance refuses."""

from kernel.errors import DomainError, Kind, NotFound


class UnknownRole(DomainError):
    """There is no such role."""

    kind = Kind.INVALID
    code = "VAL_001"
    tells = ("role",)


class UnknownPermission(DomainError):
    """There is no such permission."""

    kind = Kind.INVALID
    code = "VAL_001"
    tells = ("unknown",)


class UnknownSubject(NotFound):
    """There is no such subject."""


class InactiveSubject(DomainError):
    """The subject may not act, so no role can be granted to it."""

    kind = Kind.REFUSED
    code = "GOV_001"


class LastAdministrator(DomainError):
    """Nobody who is able to act would be left to manage roles; grant a role that may to somebody else first."""

    kind = Kind.REFUSED
    code = "GOV_002"


class IndispensablePermission(DomainError):
    """Nobody who is able to act would be left with this permission; give it to another role that is held first."""

    kind = Kind.REFUSED
    code = "GOV_003"
    tells = ("permission",)


class SelfGrant(DomainError):
    """Nobody may grant a role to themselves."""

    kind = Kind.DENIED
    code = "ACC_002"


class BeyondAuthority(DomainError):
    """The account is of a person who may do more than you."""

    kind = Kind.DENIED
    code = "ACC_003"


class BeyondOwnPermissions(DomainError):
    """The role permits, or is to permit, what you may not do yourself."""

    kind = Kind.DENIED
    code = "ACC_003"
    tells = ("permissions",)


class UnsoundPolicies(DomainError):
    """The compiled policies contradict their schema; nothing was published."""

    kind = Kind.INTERNAL
    code = "SRV_001"
