"""Sessions, from sign-in to sign-out. Responses with tokens are never stored for repeats: a refresh has its own retry."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from chassis.rest import (
    Authenticated,
    CurrentActor,
    Envelope,
    OfSession,
    PageOf,
    Paging,
    Public,
    Router,
    envelope,
    page_of,
)
from identity.application.factors.challenge_second_factor import SecondFactorRequired
from identity.application.sessions.step_up import PasskeyAnswer
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.passkeys import PasskeyCeremonyResponse
from identity.interfaces.rest.schemas.sessions import (
    AccessTokenResponse,
    CompleteSignInRequest,
    DpopHeader,
    RefreshSessionRequest,
    SecondFactorResponse,
    SessionOrganizationResponse,
    SessionResponse,
    SetSessionOrganizationRequest,
    SignedOutEverywhereResponse,
    SignedOutResponse,
    SignInRequest,
    SignOutEverywhereRequest,
    StepUpRequest,
    TokenPairResponse,
)
from kernel.assurance import NONE, RECENT
from kernel.reads import OTHERS

tokens = Router(prefix="/auth", tags=["auth"])
proofs = Router(prefix="/auth", tags=["second factors"], idempotent=False)
sessions = Router(prefix="/sessions", tags=["sessions"])


@tokens.post("/login", dependencies=[Public], idempotency=False, assurance=NONE)
async def sign_in(body: SignInRequest, actor: CurrentActor, app: App) -> Envelope[TokenPairResponse | SecondFactorResponse]:
    """Start a session, or get the challenge for the second factor. A new session ends the device's previous one."""
    outcome = await app.sessions.sign_in(
        actor=actor, name=body.name, password=body.password, device_id=body.device_id, device_token=body.device_token
    )
    if isinstance(outcome, SecondFactorRequired):
        return envelope(SecondFactorResponse.of(outcome))
    return envelope(TokenPairResponse.of(outcome))


@proofs.post("/login/verify", dependencies=[Public], assurance=NONE)
async def complete_sign_in(body: CompleteSignInRequest, actor: CurrentActor, app: App) -> Envelope[TokenPairResponse]:
    """Complete a sign-in with a code of the app or a backup code. The fifth wrong code ends the sign-in."""
    pair = await app.sessions.complete_sign_in(actor=actor, challenge=body.challenge, code=body.code)
    return envelope(TokenPairResponse.of(pair))


@tokens.post("/refresh", dependencies=[Public], idempotency=False, assurance=NONE)
async def refresh_session(
    body: RefreshSessionRequest, actor: CurrentActor, app: App, request: Request, dpop: DpopHeader = None
) -> Envelope[TokenPairResponse]:
    """Exchange a refresh token for new tokens.

    The same device may repeat the request within ten seconds and gets the current tokens.
    """
    # Two headers count as none (RFC 9449 section 4.3): it would be unclear which one to check.
    proof = dpop if len(request.headers.getlist("dpop")) == 1 else None
    pair = await app.sessions.refresh_session(
        actor=actor, refresh_token=body.refresh_token, device_id=body.device_id, proof=proof
    )
    return envelope(TokenPairResponse.of(pair))


@proofs.post("/step-up/options", dependencies=[Authenticated], assurance=NONE)
async def challenge_step_up(actor: CurrentActor, app: App) -> Envelope[PasskeyCeremonyResponse]:
    """Get a challenge to step up with one of the caller's passkeys."""
    return envelope(PasskeyCeremonyResponse.of(await app.sessions.challenge_step_up(actor=actor)))


@proofs.post("/step-up", dependencies=[Authenticated], assurance=NONE)
async def step_up(body: StepUpRequest, actor: CurrentActor, app: App) -> Envelope[AccessTokenResponse]:
    """Re-authenticate when a request was refused with AUTH_005, then repeat that request with the new token.

    The token carries only the factors verified in this request. A passkey, or password and code together, count as two factors.
    """
    passkey = PasskeyAnswer(body.passkey.ceremony_id, body.passkey.credential) if body.passkey else None
    token = await app.sessions.step_up(actor=actor, password=body.password, code=body.code, passkey=passkey)
    return envelope(AccessTokenResponse.of(token))


@tokens.post("/logout", dependencies=[OfSession], idempotency=False, assurance=NONE)
async def sign_out(actor: CurrentActor, app: App) -> Envelope[SignedOutResponse]:
    """End the session of the access token. Its tokens are refused from then on."""
    await app.sessions.sign_out(actor=actor)
    return envelope(SignedOutResponse())


@tokens.post("/logout-all", dependencies=[OfSession], idempotency=False, assurance=NONE)
async def sign_out_everywhere(
    body: SignOutEverywhereRequest, actor: CurrentActor, app: App
) -> Envelope[SignedOutEverywhereResponse]:
    """End all of the caller's sessions, or all but this one. Their tokens are refused from then on."""
    ended = await app.sessions.sign_out_everywhere(actor=actor, keep_current=body.keep_current)
    return envelope(SignedOutEverywhereResponse(sessions_ended=ended))


@sessions.get("", dependencies=[Authenticated], reads=OTHERS)
async def list_sessions(
    actor: CurrentActor,
    paging: Paging,
    app: App,
    user_id: Annotated[UUID | None, Query(description="Another user's sessions, for staff")] = None,
    live: Annotated[bool | None, Query(description="true: only live sessions; false: only ended sessions")] = None,
) -> Envelope[PageOf[SessionResponse]]:
    """List sessions, newest first, including ended sessions."""
    page = await app.sessions.list_sessions(actor=actor, page=paging, user_id=user_id, live=live)
    return page_of(page, lambda view: SessionResponse.of(view, current_id=actor.session_id))


@sessions.get("/{session_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_session(session_id: UUID, actor: CurrentActor, app: App) -> Envelope[SessionResponse]:
    """Get one of the caller's sessions. `user:read_any` allows any user's."""
    view = await app.sessions.get_session(actor=actor, session_id=session_id)
    return envelope(SessionResponse.of(view, current_id=actor.session_id))


@sessions.put("/{session_id}/organization", dependencies=[OfSession], idempotency=False, assurance=NONE)
async def set_session_organization(
    session_id: UUID, body: SetSessionOrganizationRequest, actor: CurrentActor, app: App
) -> Envelope[SessionOrganizationResponse]:
    """Choose the organization that the caller's own session acts for, or `null` to act as the person alone.

    Use the new access token from then on. Requests with it are made for the organization: the audit log says so, and only the
    organization's data is read and changed. The caller must be a member (`ACC_004`).
    """
    token = await app.sessions.set_session_organization(actor=actor, session_id=session_id, organization_id=body.organization_id)
    return envelope(SessionOrganizationResponse.of_token(token, organization_id=body.organization_id))


@sessions.delete("/{session_id}", status_code=204, dependencies=[OfSession], idempotency=False, assurance=NONE, others=RECENT)
async def revoke_session(session_id: UUID, actor: CurrentActor, app: App) -> None:
    """End another session. Its tokens are refused from then on. Repeating it changes nothing."""
    await app.sessions.revoke_session(actor=actor, session_id=session_id)
