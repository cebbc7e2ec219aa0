"""Use cases for organizations and their members."""

from dataclasses import dataclass

from governance.application.organizations.list_organizations_of_subject import ListOrganizationsOfSubject


@dataclass(frozen=True, slots=True)
class Organizations:
    list_organizations_of_subject: ListOrganizationsOfSubject
