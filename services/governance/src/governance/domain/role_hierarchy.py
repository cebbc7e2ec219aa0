"""What roles permit together with the roles that they include."""

from collections.abc import Iterable, Mapping, Sequence

from governance.domain.errors import InclusionCycle
from governance.domain.role import Permission, Role

# The names of roles from the one that is held to the one that has the permission itself.
RolePath = tuple[str, ...]


class RoleHierarchy:
    """All roles. Retired ones permit nothing, wherever they are included."""

    def __init__(self, roles: Iterable[Role]) -> None:
        self._roles: Mapping[str, Role] = {role.name: role for role in roles}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._roles)

    def find(self, name: str) -> Role | None:
        return self._roles.get(name)

    def paths(self, name: str) -> Sequence[RolePath]:
        """Return a path to each role that a role reaches, itself first, the shortest first. Retired roles are not reached."""
        role = self._roles.get(name)
        if role is None or role.is_retired:
            return ()
        paths: list[RolePath] = [(name,)]
        reached = {name}
        for path in paths:
            for included in self._roles[path[-1]].included:
                found = self._roles.get(included)
                if found and not found.is_retired and included not in reached:
                    reached.add(included)
                    paths.append((*path, included))
        return paths

    def reached(self, name: str) -> frozenset[str]:
        """Return the role and all that it includes, at any depth."""
        return frozenset(path[-1] for path in self.paths(name))

    def permissions(self, name: str) -> Mapping[Permission, RolePath]:
        """Return what a role permits, each with the shortest path to a role that has it."""
        found: dict[Permission, RolePath] = {}
        for path in self.paths(name):
            for permission in self._roles[path[-1]].permissions:
                found.setdefault(permission, path)
        return found

    def permission_names(self, name: str) -> frozenset[str]:
        return frozenset(permission.name for permission in self.permissions(name))

    def permitting(self, permission: str) -> frozenset[str]:
        """Return the roles that permit something, with what they include."""
        return frozenset(name for name in self._roles if permission in self.permission_names(name))

    def containing(self, name: str) -> frozenset[str]:
        """Return the roles that reach a role, with itself."""
        return frozenset(each for each in self._roles if name in self.reached(each))

    def require_no_cycle(self, name: str) -> None:
        """Raise InclusionCycle, with the path, if a role includes itself."""
        waiting: list[RolePath] = [(name,)]
        seen: set[str] = set()
        while waiting:
            path = waiting.pop()
            role = self._roles.get(path[-1])
            for included in role.included if role else ():
                if included == name:
                    raise InclusionCycle(field="roles", path=[*path, included])
                if included not in seen:
                    seen.add(included)
                    waiting.append((*path, included))
