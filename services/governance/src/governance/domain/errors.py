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
    """At least one active person must be able to manage roles; grant such a role to somebody else first."""

    kind = Kind.REFUSED
    code = "GOV_002"


class IndispensablePermission(DomainError):
    """At least one active person must have this permission; give it to another role that somebody holds first."""

    kind = Kind.REFUSED
    code = "GOV_003"
    tells = ("permission",)


class SelfGrant(DomainError):
    """Nobody may grant a role to themselves."""

    kind = Kind.DENIED
    code = "ACC_002"


class BeyondAuthority(DomainError):
    """The person has permissions that you do not have."""

    kind = Kind.DENIED
    code = "ACC_003"


class BeyondOwnPermissions(DomainError):
    """The role has, or would get, permissions that you do not have."""

    kind = Kind.DENIED
    code = "ACC_003"
    tells = ("permissions",)


class UnsoundPolicies(DomainError):
    """The compiled policies contradict their schema; nothing was published."""

    kind = Kind.INTERNAL
    code = "SRV_001"
