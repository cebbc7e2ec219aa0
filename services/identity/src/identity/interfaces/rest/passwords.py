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
    """Change the caller's password. Requires the current password; all other sessions end."""
    await app.passwords.change_password(actor=actor, user_id=user_id, current=body.current_password, new=body.new_password)
    return envelope(PasswordChangedResponse())


@passwords.post("/{user_id}/password-reset", status_code=204, dependencies=[Requires("user:update")], assurance=RECENT)
async def require_password_reset(user_id: UUID, body: UserReasonRequest, actor: CurrentActor, app: App) -> None:
    """Disable a user's password and end their sessions. Only the user can choose the next password."""
    await app.passwords.require_password_reset(actor=actor, user_id=user_id, reason=body.reason)


@password_resets.post("/password-reset", status_code=202, dependencies=[Public], assurance=NONE)
async def ask_password_reset(
    body: AskPasswordResetRequest, actor: CurrentActor, app: App
) -> Envelope[PasswordResetAskedResponse]:
    """Send a password reset link, valid for ten minutes. The response does not reveal whether the address has an account."""
    await app.passwords.ask_password_reset(actor=actor, email=body.email)
    return envelope(PasswordResetAskedResponse())


@password_resets.post("/password-reset/confirm", dependencies=[Public], assurance=NONE)
async def reset_password(body: ResetPasswordRequest, actor: CurrentActor, app: App) -> Envelope[PasswordResetResponse]:
    """Choose a new password with the reset link, which works once. All sessions end; sign in again with every factor."""
    await app.passwords.reset_password(actor=actor, token=body.token, password=body.password)
    return envelope(PasswordResetResponse())
