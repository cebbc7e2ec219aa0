"""The errors of governance."""

from kernel.errors import DomainError, Kind, NotFound


class UnknownRole(DomainError):
    """The role does not exist."""

    kind = Kind.INVALID
    code = "VAL_001"
    disclosed = ("role",)


class UnknownPermission(DomainError):
    """The permission does not exist."""

    kind = Kind.INVALID
    code = "VAL_001"
    disclosed = ("unknown",)


class UnknownSubject(NotFound):
    """The user does not exist."""


class InactiveSubject(DomainError):
    """The user is not active, so you cannot grant them a role."""

    kind = Kind.REFUSED
    code = "GOV_001"


class LastAdministrator(DomainError):
    """At least one active user must be able to manage roles. Grant such a role to another user first."""

    kind = Kind.REFUSED
    code = "GOV_002"


class IndispensablePermission(DomainError):
    """At least one active user must have this permission. First add it to another role that an active user has."""

    kind = Kind.REFUSED
    code = "GOV_003"
    disclosed = ("permission",)


class SelfGrant(DomainError):
    """You cannot grant a role to yourself."""

    kind = Kind.DENIED
    code = "ACC_002"


class BeyondAuthority(DomainError):
    """You cannot do this to a user with permissions that you do not have."""

    kind = Kind.DENIED
    code = "ACC_003"


class BeyondOwnPermissions(DomainError):
    """You cannot grant or change a role with permissions that you do not have."""

    kind = Kind.DENIED
    code = "ACC_003"
    disclosed = ("permissions",)


class UnsoundPolicies(DomainError):
    """The compiled policies do not match their schema. Nothing was published."""

    kind = Kind.INTERNAL
    code = "SRV_001"
