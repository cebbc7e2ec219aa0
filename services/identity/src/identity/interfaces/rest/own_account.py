"""What users change of their own account."""

from uuid import UUID

from fastapi import Response

from chassis.rest import Authenticated, CurrentActor, Envelope, IfMatch, Router, envelope, set_etag
from identity.application.users.views import UserView
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.accounts import (
    ChangePasswordRequest,
    EmailRequest,
    PasswordChangedResponse,
    PatchProfileRequest,
    PhoneRequest,
    ProfileResponse,
)
from identity.interfaces.rest.schemas.fields import EndOthers
from identity.interfaces.rest.schemas.verification import VerificationResponse
from kernel.assurance import NONE, RECENT
from kernel.reads import OTHERS

own_account = Router(prefix="/users", tags=["users"])


@own_account.get("/{user_id}/profile", dependencies=[Authenticated], reads=OTHERS)
async def get_profile(user_id: UUID, actor: CurrentActor, response: Response, app: App) -> Envelope[ProfileResponse]:
    """Read the caller's profile, or with `user:read_any` any user's; reading another's is recorded."""
    return _shown(await app.users.get_user(actor=actor, user_id=user_id), response)


@own_account.patch("/{user_id}/profile", dependencies=[Authenticated], idempotency=False, assurance=NONE, others=RECENT)
async def update_profile(
    user_id: UUID, body: PatchProfileRequest, actor: CurrentActor, version: IfMatch, response: Response, app: App
) -> Envelope[ProfileResponse]:
    """Change a user's name or organization."""
    await app.users.update_user(actor=actor, user_id=user_id, details=body.details, version=version)
    return _shown(await app.users.get_user.changed(actor=actor, user_id=user_id), response)


@own_account.patch("/{user_id}/password", dependencies=[Authenticated], idempotency=False, assurance=RECENT)
async def change_password(
    user_id: UUID, body: ChangePasswordRequest, actor: CurrentActor, app: App
) -> Envelope[PasswordChangedResponse]:
    """Change the caller's password by giving the current one; every other session ends."""
    await app.passwords.change_password(actor=actor, user_id=user_id, current=body.current_password, new=body.new_password)
    return envelope(PasswordChangedResponse())


@own_account.post("/me/email", status_code=202, dependencies=[Authenticated], assurance=RECENT)
async def change_email(
    body: EmailRequest, actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[VerificationResponse]:
    """Send a code to a new e-mail address, which replaces the present one once the code is confirmed.

    The former mailbox gets a link that undoes the change within 72 hours.
    """
    pending = await app.registration.change_contact.email(actor=actor, email=body.email, end_other_sessions=end_other_sessions)
    return envelope(VerificationResponse.of(pending))


@own_account.post("/me/phone", status_code=202, dependencies=[Authenticated], assurance=RECENT)
async def change_phone(body: PhoneRequest, actor: CurrentActor, app: App) -> Envelope[VerificationResponse]:
    """Send a code to the caller's telephone number, present or new; `POST /auth/verify-phone` confirms it."""
    return envelope(VerificationResponse.of(await app.registration.change_contact.phone(actor=actor, phone=body.phone)))


def _shown(view: UserView, response: Response) -> Envelope[ProfileResponse]:
    set_etag(response, view.version)
    return envelope(ProfileResponse.of(view))
