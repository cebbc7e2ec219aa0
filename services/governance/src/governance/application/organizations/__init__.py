"""Use cases for organizations."""

from dataclasses import dataclass

from governance.application.organizations.activate_organization import ActivateOrganization
from governance.application.organizations.change_organization import ChangeOrganization
from governance.application.organizations.close_organization import CloseOrganization
from governance.application.organizations.create_organization import CreateOrganization
from governance.application.organizations.get_organization import GetOrganization
from governance.application.organizations.list_organizations import ListOrganizations
from governance.application.organizations.suspend_organization import SuspendOrganization


@dataclass(frozen=True, slots=True)
class Organizations:
    list_organizations: ListOrganizations
    get_organization: GetOrganization
    create_organization: CreateOrganization
    change_organization: ChangeOrganization
    suspend_organization: SuspendOrganization
    activate_organization: ActivateOrganization
    close_organization: CloseOrganization
