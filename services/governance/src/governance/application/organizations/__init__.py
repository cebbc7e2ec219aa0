"""Use cases for organizations and their members."""

from dataclasses import dataclass

from governance.application.organizations.find_memberships import FindMemberships
from governance.application.organizations.list_members import ListMembers
from governance.application.organizations.list_organizations_of_subject import ListOrganizationsOfSubject


@dataclass(frozen=True, slots=True)
class Organizations:
    find_memberships: FindMemberships
    list_members: ListMembers
    list_organizations_of_subject: ListOrganizationsOfSubject
