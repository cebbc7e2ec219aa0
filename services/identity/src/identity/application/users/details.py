"""The details of a user that can change without verification."""

from dataclasses import dataclass, field
from uuid import UUID

from identity.application.assurance import require_recent
from identity.application.ports.authority import Authority
from identity.application.ports.permissions import UPDATE_ANY_USER, Permissions
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.users import audit
from identity.domain.profile import Profile, canonical_username
from identity.domain.user import UserStatus
from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import NotFound, VersionRequired


@dataclass(frozen=True, slots=True)
class Details:
    """The details to change: only the fields in `given`. A field that is optional in the account may be None."""

    given: frozenset[str]
    full_name: str = field(default="", repr=False)
    organization: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ChangeDetails:
    """Change details of the actor's account that need no verification. `user:update_any` allows those of any account.

    Addresses change by a code that is sent to them.
    """

    uow: UnitOfWork
    permissions: Permissions
    authority: Authority
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, details: Details, version: int | None = None) -> None:
        """Raise NotFound, StaleVersion, InvalidName, InvalidUsername, or UserExists if the username is taken.

        For another user's account, raise StepUpRequired, VersionRequired, BeyondAuthority, or Unavailable if governance is
        unavailable.
        """
        if actor.subject_id != str(user_id) and not self.permissions.allows(actor, UPDATE_ANY_USER):
            raise NotFound(user_id=user_id)
        at = self.clock.now()
        if actor.subject_id != str(user_id):
            RECENT.require(actor, at=at)
            await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        async with self.uow.begin(actor) as tx:
            if actor.subject_id != str(user_id):
                await require_recent(tx, actor, at=at)
            user = await tx.users.lock(user_id)
            if user is None or user.status not in {UserStatus.ACTIVE, UserStatus.SUSPENDED}:
                raise NotFound(user_id=user_id)
            if version is None and actor.subject_id != str(user_id):
                raise VersionRequired(user_id=user_id)
            user.require_version(version)
            profile = await tx.profiles.of(user_id)
            changed = _changed_profile(profile, details)
            username = user.username
            if "username" in details.given:
                username = canonical_username(details.username) if details.username is not None else None
            fields = [name for name in ("full_name", "organization") if getattr(profile, name) != getattr(changed, name)]
            fields += ["username"] if username != user.username else []
            if not fields:
                return
            before = user.version
            user.change_details(username=username)
            await tx.users.flush()
            if changed != profile:
                await tx.profiles.replace(user_id, changed)
            tx.record(
                audit.user_changed(user, before={"version": before}, after={"version": user.version, "changed": fields}, at=at)
            )


def _changed_profile(profile: Profile, details: Details) -> Profile:
    return profile.with_details(
        full_name=details.full_name if "full_name" in details.given else profile.full_name,
        organization=details.organization if "organization" in details.given else profile.organization,
    )
