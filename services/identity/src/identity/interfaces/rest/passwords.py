"""Changing and resetting passwords."""

from uuid import UUID

from chassis.rest import (
    Authenticated,
    CurrentActor,
    Envelope,
    Public,
    Requires,
    Router,
    envelope,
)
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.passwords import (
    AskPasswordResetRequest,
    ChangePasswordRequest,
    PasswordChangedResponse,
    PasswordResetAskedResponse,
    PasswordResetResponse,
    ResetPasswordRequest,
)
from identity.interfaces.rest.schemas.users import UserReasonRequest
from kernel.assurance import NONE, RECENT

passwords = Router(prefix="/users", tags=["users"])
password_resets = Router(prefix="/auth", tags=["recovery"], idempotent=False)


@passwords.patch("/{user_id}/password", dependencies=[Authenticated], idempotency=False, assurance=RECENT)
async def change_password(
    user_id: UUID, body: ChangePasswordRequest, actor: CurrentActor, app: App
) -> Envelope[PasswordChangedResponse]:
    """Change the caller's password by giving the current one; every other session ends."""
    await app.passwords.change_password(actor=actor, user_id=user_id, current=body.current_password, new=body.new_password)
    return envelope(PasswordChangedResponse())


@passwords.post("/{user_id}/password-reset", status_code=204, dependencies=[Requires("user:update")], assurance=RECENT)
async def require_password_reset(user_id: UUID, body: UserReasonRequest, actor: CurrentActor, app: App) -> None:
    """Retire a user's password and end their sessions. Only the user can choose the next password."""
    await app.passwords.require_password_reset(actor=actor, user_id=user_id, reason=body.reason)


@password_resets.post("/password-reset", status_code=202, dependencies=[Public], assurance=NONE)
async def ask_password_reset(
    body: AskPasswordResetRequest, actor: CurrentActor, app: App
) -> Envelope[PasswordResetAskedResponse]:
    """Send a link by which a new password is chosen within ten minutes, to whoever has the address."""
    await app.passwords.ask_password_reset(actor=actor, email=body.email)
    return envelope(PasswordResetAskedResponse())


@password_resets.post("/password-reset/confirm", dependencies=[Public], assurance=NONE)
async def reset_password(body: ResetPasswordRequest, actor: CurrentActor, app: App) -> Envelope[PasswordResetResponse]:
    """Choose a new password by the link, once; every session ends. Sign in with it, and the second factor, then."""
    await app.passwords.reset_password(actor=actor, token=body.token, password=body.password)
    return envelope(PasswordResetResponse())
