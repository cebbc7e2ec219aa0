"""Users: oneself for everybody, all of them for staff."""

from uuid import UUID

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Requires, Router, envelope, page_of
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.accounts import MeResponse, UserResponse

users = Router(prefix="/users", tags=["users"])


@users.get("", dependencies=[Requires("user:read")])
async def list_users(actor: CurrentActor, paging: Paging, app: App) -> Envelope[PageOf[UserResponse]]:
    """List all users, newest first."""
    return page_of(await app.accounts.list_users(actor=actor, page=paging), UserResponse.of)


# Before "/{user_id}", which would take it.
@users.get("/me", dependencies=[Authenticated])
async def get_me(actor: CurrentActor, app: App) -> Envelope[MeResponse]:
    """Read one's own account, with the roles that hold right now."""
    view = await app.accounts.get_user(actor=actor, user_id=actor.user_id)
    return envelope(MeResponse.with_roles(view, actor.roles))


@users.get("/{user_id}", dependencies=[Requires("user:read")])
async def get_user(user_id: UUID, actor: CurrentActor, app: App) -> Envelope[UserResponse]:
    """Read a user: oneself, or anybody for staff."""
    return envelope(UserResponse.of(await app.accounts.get_user(actor=actor, user_id=user_id)))
