"""Use cases for permissions."""

from dataclasses import dataclass

from governance.application.permissions.list_permissions import ListPermissions


@dataclass(frozen=True, slots=True)
class Permissions:
    list_permissions: ListPermissions
