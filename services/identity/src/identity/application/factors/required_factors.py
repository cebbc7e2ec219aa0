from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from identity.application.ports.permissions import Permissions


class RequiredOf(StrEnum):
    """Users who must have a second factor: those with permissions beyond the default role, or all."""

    NOBODY = "nobody"
    PRIVILEGED = "privileged"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class RequiredFactors:
    """Decide which users must have a second factor, from what their roles permit now."""

    permissions: Permissions
    of: RequiredOf

    @property
    def depend_on_roles(self) -> bool:
        return self.of is RequiredOf.PRIVILEGED

    def requires_two(self, user_id: UUID, roles: Sequence[str]) -> bool:
        """Return whether a user with these roles, and perhaps others within limits, must have a second factor.

        Raise Unavailable if it depends on the roles and no policy bundle is loaded yet.
        """
        if self.depend_on_roles:
            return bool(self.permissions.roles_beyond_default(str(user_id), roles))
        return self.of is RequiredOf.EVERYONE
