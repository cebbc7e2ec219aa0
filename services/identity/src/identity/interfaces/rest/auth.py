"""Registering, signing in, refreshing, signing out.

Answers with tokens are never kept for repeats: a refresh has a retry of its own, and signing in again is harmless.
"""

from fastapi import Request

from chassis.rest import Authenticated, CurrentActor, Envelope, Public, Router, envelope
from identity.application.factors.challenge_second_factor import SecondFactorRequired
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.accounts import RegisterRequest
from identity.interfaces.rest.schemas.factors import SecondFactorResponse
from identity.interfaces.rest.schemas.sessions import (
    DpopHeader,
    LoginRequest,
    RefreshRequest,
    SignedOutEverywhereResponse,
    SignedOutResponse,
    SignOutEverywhereRequest,
    TokenPairResponse,
)
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


@auth.post("/login", dependencies=[Public], idempotency=False, assurance=NONE)
async def sign_in(body: LoginRequest, actor: CurrentActor, app: App) -> Envelope[TokenPairResponse | SecondFactorResponse]:
    """Start a session on a device, or learn which second factor it takes; one that the device had is over."""
    outcome = await app.sessions.sign_in(
        actor=actor, name=body.name, password=body.password, device_id=body.device_id, device_token=body.device_token
    )
    if isinstance(outcome, SecondFactorRequired):
        return envelope(SecondFactorResponse.of(outcome))
    return envelope(TokenPairResponse.of(outcome))


@auth.post("/refresh", dependencies=[Public], idempotency=False, assurance=NONE)
async def refresh_session(
    body: RefreshRequest, actor: CurrentActor, app: App, request: Request, dpop: DpopHeader = None
) -> Envelope[TokenPairResponse]:
    """Exchange a refresh token for the next pair. For ten seconds a used one still gets the same device the current one."""
    # Two headers are none (RFC 9449 section 4.3): which one would be checked?
    proof = dpop if len(request.headers.getlist("dpop")) == 1 else None
    pair = await app.sessions.refresh_session(
        actor=actor, refresh_token=body.refresh_token, device_id=body.device_id, proof=proof
    )
    return envelope(TokenPairResponse.of(pair))


@auth.post("/logout", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def sign_out(actor: CurrentActor, app: App) -> Envelope[SignedOutResponse]:
    """End the session of the access token; its tokens are refused from now on."""
    await app.sessions.sign_out(actor=actor)
    return envelope(SignedOutResponse())


@auth.post("/logout-all", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def sign_out_everywhere(
    body: SignOutEverywhereRequest, actor: CurrentActor, app: App
) -> Envelope[SignedOutEverywhereResponse]:
    """End all of the caller's sessions, or all but this one; their tokens are refused from now on."""
    ended = await app.sessions.sign_out_everywhere(actor=actor, keep_current=body.keep_current)
    return envelope(SignedOutEverywhereResponse(sessions_ended=ended))
