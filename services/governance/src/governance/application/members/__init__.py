"""Use cases for the members of organizations."""

from dataclasses import dataclass

from governance.application.members.add_member import AddMember
from governance.application.members.change_member import ChangeMember
from governance.application.members.end_memberships import EndMemberships
from governance.application.members.find_memberships import FindMemberships
from governance.application.members.get_member import GetMember
from governance.application.members.list_member_ids import ListMemberIds
from governance.application.members.list_members import ListMembers
from governance.application.members.list_organizations_of_subject import ListOrganizationsOfSubject
from governance.application.members.remove_member import RemoveMember
from governance.application.members.set_member_roles import SetMemberRoles


@dataclass(frozen=True, slots=True)
class Members:
    list_members: ListMembers
    get_member: GetMember
    add_member: AddMember
    change_member: ChangeMember
    set_member_roles: SetMemberRoles
    remove_member: RemoveMember
    end_memberships: EndMemberships
    find_memberships: FindMemberships
    list_member_ids: ListMemberIds
    list_organizations_of_subject: ListOrganizationsOfSubject
