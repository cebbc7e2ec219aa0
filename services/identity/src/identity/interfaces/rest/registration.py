"""Registration, and verification of e-mail addresses and telephone numbers."""

from chassis.rest import Authenticated, CurrentActor, Envelope, Public, Router, envelope
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.fields import EndOthers
from identity.interfaces.rest.schemas.registration import (
    ChangeEmailRequest,
    ChangePhoneRequest,
    CodeResentResponse,
    ContactVerifiedResponse,
    RegisterRequest,
    ResendCodeRequest,
    VerificationResponse,
    VerifyCodeRequest,
)
from kernel.assurance import NONE, RECENT

registration = Router(prefix="/auth", tags=["auth"])
own_contacts = Router(prefix="/users", tags=["users"])


@registration.post("/register", status_code=202, dependencies=[Public], assurance=NONE)
async def register_user(body: RegisterRequest, actor: CurrentActor, app: App) -> Envelope[VerificationResponse]:
    """Register a user. The code sent to the e-mail address opens the account.

    The response does not reveal whether the address already has one.
    """
    pending = await app.registration.register_user(
        actor=actor,
        full_name=body.full_name,
        email=body.email,
        phone=body.phone,
        password=body.password,
        agreed_terms=body.agreed_terms,
        organization=body.organization,
        username=body.username,
    )
    return envelope(VerificationResponse.of(pending))


@registration.post("/verify-email", dependencies=[Public], idempotency=False, assurance=NONE)
async def verify_email(body: VerifyCodeRequest, actor: CurrentActor, app: App) -> Envelope[ContactVerifiedResponse]:
    """Verify an e-mail address with the code that was mailed. This opens the registered account or confirms a new address."""
    confirmed = await app.registration.verify_email(actor=actor, verification_id=body.verification_id, code=body.code)
    return envelope(ContactVerifiedResponse.of(confirmed))


@registration.post("/verify-email/resend", status_code=202, dependencies=[Public], idempotency=False, assurance=NONE)
async def resend_email_code(body: ResendCodeRequest, actor: CurrentActor, app: App) -> Envelope[CodeResentResponse]:
    """Request another code in place of the last. The response does not reveal whether one was sent."""
    await app.registration.resend_email_code(actor=actor, verification_id=body.verification_id)
    return envelope(CodeResentResponse())


@registration.post("/verify-phone", dependencies=[Public], idempotency=False, assurance=NONE)
async def verify_phone(body: VerifyCodeRequest, actor: CurrentActor, app: App) -> Envelope[ContactVerifiedResponse]:
    """Verify a telephone number with the code from the text message."""
    confirmed = await app.registration.verify_phone(actor=actor, verification_id=body.verification_id, code=body.code)
    return envelope(ContactVerifiedResponse.of(confirmed))


@registration.post("/verify-phone/resend", status_code=202, dependencies=[Public], idempotency=False, assurance=NONE)
async def resend_phone_code(body: ResendCodeRequest, actor: CurrentActor, app: App) -> Envelope[CodeResentResponse]:
    """Request another code in place of the last. The response does not reveal whether one was sent."""
    await app.registration.resend_phone_code(actor=actor, verification_id=body.verification_id)
    return envelope(CodeResentResponse())


@own_contacts.post("/me/email", status_code=202, dependencies=[Authenticated], assurance=RECENT)
async def change_email(
    body: ChangeEmailRequest, actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[VerificationResponse]:
    """Send a code to a new e-mail address. The address replaces the present one once the code is confirmed.

    The former address gets a link that undoes the change within 72 hours.
    """
    pending = await app.registration.change_email(actor=actor, email=body.email, end_other_sessions=end_other_sessions)
    return envelope(VerificationResponse.of(pending))


@own_contacts.post("/me/phone", status_code=202, dependencies=[Authenticated], assurance=RECENT)
async def change_phone(body: ChangePhoneRequest, actor: CurrentActor, app: App) -> Envelope[VerificationResponse]:
    """Send a code to the caller's present or new telephone number. `POST /auth/verify-phone` confirms it."""
    return envelope(VerificationResponse.of(await app.registration.change_phone(actor=actor, phone=body.phone)))
