"""The errors of governance."""

from kernel.errors import DomainError, Kind, NotFound


class UnknownRole(DomainError):
    """The role does not exist."""

    kind = Kind.INVALID
    code = "VAL_001"
    disclosed = ("role",)


class RetiredRole(DomainError):
    """The role is retired. It permits nothing and cannot be granted, included or changed."""

    kind = Kind.REFUSED
    code = "GOV_004"
    disclosed = ("role",)


class ProtectedRole(DomainError):
    """The platform relies on this role, so it cannot be retired."""

    kind = Kind.REFUSED
    code = "GOV_005"
    disclosed = ("role",)


class RoleInRules(DomainError):
    """Approval rules or policies in force name this role. Withdraw or change them first."""

    kind = Kind.REFUSED
    code = "GOV_015"
    disclosed = ("role", "rules", "policies")


class InclusionCycle(DomainError):
    """A role cannot include itself, also not by way of others."""

    kind = Kind.INVALID
    code = "VAL_001"
    disclosed = ("path",)


class TooManyAssignments(DomainError):
    """The user has the most limited roles that one user can have. Revoke one first."""

    kind = Kind.REFUSED
    code = "GOV_006"
    disclosed = ("most",)


class DutiesNotSeparated(DomainError):
    """One person may not have both duties. Another person can approve an exception; the assignment must end within it."""

    kind = Kind.REFUSED
    code = "GOV_007"
    disclosed = ("separation", "roles", "people")


class OwnException(DomainError):
    """An exception is approved by another person than the one who asks for it and the one it is for."""

    kind = Kind.DENIED
    code = "ACC_002"


class EndedException(DomainError):
    """The exception has ended or expired. Ask for another one."""

    kind = Kind.REFUSED
    code = "GOV_008"


class UnknownOrganization(DomainError):
    """The organization does not exist."""

    kind = Kind.INVALID
    code = "VAL_001"
    disclosed = ("organization_id",)


class UnknownTeam(DomainError):
    """The organization has no such team."""

    kind = Kind.INVALID
    code = "VAL_001"
    disclosed = ("team_id",)


class OrganizationClosed(DomainError):
    """The organization is suspended or closed."""

    kind = Kind.REFUSED
    code = "GOV_009"


class LastOrganizationAdministrator(DomainError):
    """At least one member must be able to manage the organization. Give such a role to another member first."""

    kind = Kind.REFUSED
    code = "GOV_010"


class InvitationUnusable(DomainError):
    """The code is wrong, was used, withdrawn or has expired. Ask for another invitation."""

    kind = Kind.REFUSED
    code = "GOV_011"


class TooManyInvitations(DomainError):
    """The organization has the most open invitations that it can have. Withdraw some first."""

    kind = Kind.REFUSED
    code = "GOV_012"
    disclosed = ("most",)


class TooManyLevels(DomainError):
    """Organizations and teams cannot be nested that deep, or in a circle."""

    kind = Kind.INVALID
    code = "VAL_001"
    disclosed = ("most",)


class TeamFull(DomainError):
    """The team has the most members that a team can have."""

    kind = Kind.REFUSED
    code = "GOV_013"
    disclosed = ("most",)


class TooManyTeams(DomainError):
    """The organization has the most teams that it can have. Remove some first."""

    kind = Kind.REFUSED
    code = "GOV_016"
    disclosed = ("most",)


class TeamHasParts(DomainError):
    """The team has parts. Remove these first."""

    kind = Kind.REFUSED
    code = "GOV_014"


class NoMember(DomainError):
    """The person is not a member of the organization."""

    kind = Kind.INVALID
    code = "VAL_001"


class OwnManager(DomainError):
    """Nobody is their own manager, also not by way of others."""

    kind = Kind.INVALID
    code = "VAL_001"


class OwnMembership(DomainError):
    """You cannot change the end or the manager of your own membership. Another administrator can, and you can leave."""

    kind = Kind.DENIED
    code = "ACC_002"


class BeyondOwnMembership(DomainError):
    """Your own membership ends. What you give there must end no later."""

    kind = Kind.DENIED
    code = "ACC_003"


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
    """At least one active user must be able to manage roles, and one policies. Grant such a role to another user first."""

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
    disclosed = ("line",)


class BeyondOwnPermissions(DomainError):
    """You cannot grant or change a role with permissions that you do not have."""

    kind = Kind.DENIED
    code = "ACC_003"
    disclosed = ("permissions",)


class OwnPolicyChange(DomainError):
    """Another person must approve it: you asked for this change, or wrote a version that it puts in force."""

    kind = Kind.DENIED
    code = "ACC_002"


class EndedPolicyChange(DomainError):
    """The change has been decided already."""

    kind = Kind.CONFLICT
    code = "GOV_017"
    disclosed = ("status",)


class PolicyLocksOut(DomainError):
    """With this change, people with a permission to manage roles or policies would be refused it. Nobody could change it back."""

    kind = Kind.REFUSED
    code = "GOV_019"
    disclosed = ("permission", "role")


class GoldenDecisionsBroken(DomainError):
    """With this change, decisions would differ from golden decisions. Change the policies, or first the golden decisions."""

    kind = Kind.REFUSED
    code = "GOV_018"
    disclosed = ("golden_decisions",)


class ReviewClosed(DomainError):
    """The access review has ended or been cancelled, so nothing of it can be decided any more."""

    kind = Kind.CONFLICT
    code = "GOV_020"
    disclosed = ("status",)


class TooManyReviews(DomainError):
    """You have started the most access reviews that one person can have at a time. Let one end, or cancel it."""

    kind = Kind.REFUSED
    code = "GOV_021"
    disclosed = ("most",)


class LineDecided(DomainError):
    """The assignment was withdrawn or has ended. Grant the role again if the person needs it."""

    kind = Kind.CONFLICT
    code = "GOV_022"
    disclosed = ("line", "outcome")


class UnknownLine(NotFound):
    """The access review has no such lines, or you cannot decide them: their managers and administrators can."""

    disclosed = ("lines",)


class OwnAccess(DomainError):
    """Another person decides about your own access."""

    kind = Kind.DENIED
    code = "ACC_002"
    disclosed = ("line",)


class LateAdministrator(DomainError):
    """You became an administrator after the access review had started. Those who were administrators then decide."""

    kind = Kind.DENIED
    code = "ACC_002"


class BeyondReview(DomainError):
    """People in the access review have permissions that you lack. Choose other roles, or ask an administrator who has them."""

    kind = Kind.DENIED
    code = "ACC_003"
    disclosed = ("permissions",)


class UnsoundPolicies(DomainError):
    """The compiled policies do not match their schema. Nothing was published."""

    kind = Kind.INTERNAL
    code = "SRV_001"
