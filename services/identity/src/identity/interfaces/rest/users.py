"""Users: the caller's account, and other accounts for staff.

Responses with personal data are not stored for repeats: they would be in the database unsealed. Changes of a user are
harmless to repeat, and `If-Match` guards them.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from chassis.rest import (
    AS_SENT,
    ONE_LINE,
    Authenticated,
    CurrentActor,
    Envelope,
    IfMatch,
    Moment,
    PageOf,
    Paging,
    ReadReason,
    ReadReasonOfOthers,
    Requires,
    Router,
    envelope,
    page_of,
    set_etag,
)
from identity.application.users.views import UserFilter, UserSort, UserView
from identity.domain.user import UserStatus
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.fields import Reason
from identity.interfaces.rest.schemas.users import (
    CreatedUserResponse,
    CreateUserRequest,
    DataExportResponse,
    MeResponse,
    ProfileResponse,
    ReplaceUserRequest,
    UpdateProfileRequest,
    UpdateUserRequest,
    UserReasonRequest,
    UserResponse,
)
from kernel.assurance import NONE, RECENT
from kernel.reads import OTHERS, OWN, SEARCH

users = Router(prefix="/users", tags=["users"])
data_exports = Router(prefix="/users", tags=["privacy"])


async def _filter(
    status: UserStatus | None = None,
    email: Annotated[str | None, Query(min_length=3, max_length=254, description="The whole address"), ONE_LINE] = None,
    phone: Annotated[str | None, Query(min_length=7, max_length=32, description="The whole number, in E.164"), ONE_LINE] = None,
    username: Annotated[str | None, Query(min_length=1, max_length=64), AS_SENT] = None,
    verified: Annotated[bool | None, Query(description="Whether the e-mail address is confirmed")] = None,
    registered_from: Moment | None = None,
    registered_to: Moment | None = None,
    sort: UserSort = UserSort.NEWEST,
) -> UserFilter:
    return UserFilter(
        status=status,
        email=email,
        phone=phone,
        username=username,
        verified=verified,
        registered_from=registered_from,
        registered_to=registered_to,
        sort=sort,
    )


@users.get("", dependencies=[Requires("user:read_any")], reads=SEARCH)
async def list_users(
    actor: CurrentActor, paging: Paging, which: Annotated[UserFilter, Depends(_filter)], reason: ReadReason, app: App
) -> Envelope[PageOf[UserResponse]]:
    """List users, newest first. Deleted users are listed only with `status=deleted`. Requires a reason."""
    return page_of(await app.users.list_users(actor=actor, page=paging, which=which, reason=reason), UserResponse.of)


@users.post("", status_code=201, dependencies=[Requires("user:create")], assurance=RECENT)
async def create_user(body: CreateUserRequest, actor: CurrentActor, app: App) -> Envelope[CreatedUserResponse]:
    """Create a user. A mail tells them how to choose a password."""
    return envelope(CreatedUserResponse.of(await app.users.create_user(actor=actor, **body.model_dump())))


# Before "/{user_id}", which would match this path too.
@users.get("/me", dependencies=[Authenticated], reads=OWN)
async def get_me(actor: CurrentActor, response: Response, app: App) -> Envelope[MeResponse]:
    """Get the caller's account and current roles."""
    view = await app.users.get_me(actor=actor)
    set_etag(response, view.version, view.last_sign_in_at, sorted(actor.roles))
    return envelope(MeResponse.with_roles(view, actor.roles))


@users.get("/{user_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_user(user_id: UUID, actor: CurrentActor, response: Response, app: App) -> Envelope[UserResponse]:
    """Get the caller's account. `user:read_any` allows any user's; reading another user's is recorded."""
    view = await app.users.get_user(actor=actor, user_id=user_id)
    set_etag(response, view.version, view.last_sign_in_at)
    return envelope(UserResponse.of(view))


@users.put("/{user_id}", dependencies=[Requires("user:update_any")], idempotency=False, assurance=RECENT)
async def replace_user(
    user_id: UUID, body: ReplaceUserRequest, actor: CurrentActor, version: IfMatch, response: Response, app: App
) -> Envelope[UserResponse]:
    """Replace all account details that need no verification."""
    view = await app.users.replace_user(actor=actor, user_id=user_id, details=body.details, version=version)
    return _with_etag(view, response)


@users.patch("/{user_id}", dependencies=[Requires("user:update_any")], idempotency=False, assurance=RECENT)
async def update_user(
    user_id: UUID, body: UpdateUserRequest, actor: CurrentActor, version: IfMatch, response: Response, app: App
) -> Envelope[UserResponse]:
    """Change some account details that need no verification."""
    view = await app.users.update_user(actor=actor, user_id=user_id, details=body.details, version=version)
    return _with_etag(view, response)


# Governance is asked between two transactions. Repeating the request is harmless.
@users.delete("/{user_id}", status_code=204, dependencies=[Requires("user:delete")], idempotency=False, assurance=RECENT)
async def delete_user(user_id: UUID, reason: Annotated[Reason, Query()], actor: CurrentActor, version: IfMatch, app: App) -> None:
    """Close an account. Its sessions end at once; its data stays. Staff can restore it until its erasure is requested."""
    await app.users.delete_user(actor=actor, user_id=user_id, reason=reason, version=version)


@users.post("/{user_id}/restore", dependencies=[Requires("user:delete")], idempotency=False, assurance=RECENT)
async def restore_user(
    user_id: UUID, body: UserReasonRequest, actor: CurrentActor, response: Response, app: App
) -> Envelope[UserResponse]:
    """Reopen a closed account."""
    return _with_etag(await app.users.restore_user(actor=actor, user_id=user_id, reason=body.reason), response)


@users.post("/{user_id}/suspend", dependencies=[Requires("user:update")], idempotency=False, assurance=RECENT)
async def suspend_user(
    user_id: UUID, body: UserReasonRequest, actor: CurrentActor, response: Response, app: App
) -> Envelope[UserResponse]:
    """Suspend a user: all sessions end at once. Repeating it changes nothing."""
    return _with_etag(await app.users.suspend_user(actor=actor, user_id=user_id, reason=body.reason), response)


@users.post("/{user_id}/activate", dependencies=[Requires("user:update")], idempotency=False, assurance=RECENT)
async def activate_user(
    user_id: UUID, body: UserReasonRequest, actor: CurrentActor, response: Response, app: App
) -> Envelope[UserResponse]:
    """Allow a suspended user to act again. Repeating it changes nothing."""
    return _with_etag(await app.users.activate_user(actor=actor, user_id=user_id, reason=body.reason), response)


@users.post("/{user_id}/unlock", status_code=204, dependencies=[Requires("user:update_any")], idempotency=False, assurance=RECENT)
async def unlock_user(user_id: UUID, body: UserReasonRequest, actor: CurrentActor, app: App) -> None:
    """Reset a user's count of failed attempts, so that they can sign in before the hour ends."""
    await app.users.unlock_user(actor=actor, user_id=user_id, reason=body.reason)


@users.get("/{user_id}/profile", dependencies=[Authenticated], reads=OTHERS)
async def get_profile(user_id: UUID, actor: CurrentActor, response: Response, app: App) -> Envelope[ProfileResponse]:
    """Get the caller's profile. `user:read_any` allows any user's; reading another user's is recorded."""
    return _profile(await app.users.get_profile(actor=actor, user_id=user_id), response)


@users.patch("/{user_id}/profile", dependencies=[Authenticated], idempotency=False, assurance=NONE, others=RECENT)
async def update_profile(
    user_id: UUID, body: UpdateProfileRequest, actor: CurrentActor, version: IfMatch, response: Response, app: App
) -> Envelope[ProfileResponse]:
    """Change a user's name or organization."""
    view = await app.users.update_profile(actor=actor, user_id=user_id, details=body.details, version=version)
    return _profile(view, response)


# The response consists of personal data, so it is not stored for repeats.
@data_exports.post("/{user_id}/data-export", dependencies=[Authenticated], idempotency=False, assurance=RECENT, reads=OTHERS)
async def export_user_data(
    user_id: UUID, actor: CurrentActor, app: App, reason: ReadReasonOfOthers = None
) -> Envelope[DataExportResponse]:
    """Export the data that identity holds about the caller. `user:export_any` allows any user's."""
    held = await app.users.export_user_data(actor=actor, user_id=user_id, reason=reason)
    return envelope(DataExportResponse.model_validate(held))


def _with_etag(view: UserView, response: Response) -> Envelope[UserResponse]:
    set_etag(response, view.version)
    return envelope(UserResponse.of(view))


def _profile(view: UserView, response: Response) -> Envelope[ProfileResponse]:
    set_etag(response, view.version)
    return envelope(ProfileResponse.of(view))
