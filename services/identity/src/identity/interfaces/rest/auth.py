"""Registering.

Answers with tokens are never kept for repeats: a refresh has a retry of its own, and signing in again is harmless.
"""

from chassis.rest import CurrentActor, Envelope, Public, Router, envelope
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.accounts import RegisterRequest
from identity.interfaces.rest.schemas.verification import (
    ResendRequest,
    ResentResponse,
    VerificationResponse,
    VerifiedResponse,
    VerifyRequest,
)
from kernel.assurance import NONE

auth = Router(prefix="/auth", tags=["auth"])


@auth.post("/register", status_code=202, dependencies=[Public], assurance=NONE)
async def register_user(body: RegisterRequest, actor: CurrentActor, app: App) -> Envelope[VerificationResponse]:
    """Register: a code is sent to the e-mail address, and opens the account. The answer tells nothing of who has one."""
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


@auth.post("/verify-email", dependencies=[Public], idempotency=False, assurance=NONE)
async def verify_email(body: VerifyRequest, actor: CurrentActor, app: App) -> Envelope[VerifiedResponse]:
    """Show the code that was mailed: it opens the account that was registered, or confirms a new address."""
    confirmed = await app.registration.verify_email(actor=actor, verification_id=body.verification_id, code=body.code)
    return envelope(VerifiedResponse.of(confirmed))


@auth.post("/verify-email/resend", status_code=202, dependencies=[Public], idempotency=False, assurance=NONE)
async def resend_email_code(body: ResendRequest, actor: CurrentActor, app: App) -> Envelope[ResentResponse]:
    """Ask for another code in place of the last. The answer does not tell whether one was sent."""
    await app.registration.resend_email_code(actor=actor, verification_id=body.verification_id)
    return envelope(ResentResponse())


@auth.post("/verify-phone", dependencies=[Public], idempotency=False, assurance=NONE)
async def verify_phone(body: VerifyRequest, actor: CurrentActor, app: App) -> Envelope[VerifiedResponse]:
    """Show the code that came as a text message: it confirms the number."""
    confirmed = await app.registration.verify_phone(actor=actor, verification_id=body.verification_id, code=body.code)
    return envelope(VerifiedResponse.of(confirmed))


@auth.post("/verify-phone/resend", status_code=202, dependencies=[Public], idempotency=False, assurance=NONE)
async def resend_phone_code(body: ResendRequest, actor: CurrentActor, app: App) -> Envelope[ResentResponse]:
    """Ask for another code in place of the last. The answer does not tell whether one was sent."""
    await app.registration.resend_phone_code(actor=actor, verification_id=body.verification_id)
    return envelope(ResentResponse())
