"""Sessions, from sign-in to sign-out. Answers with tokens are never stored for repeats: a refresh has a retry of its own."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Public, Router, envelope, page_of
from identity.application.factors.challenge_second_factor import SecondFactorRequired
from identity.application.sessions.step_up import ShownPasskey
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.passkeys import PasskeyCeremonyResponse
from identity.interfaces.rest.schemas.sessions import (
    AccessTokenResponse,
    CompleteSignInRequest,
    DpopHeader,
    RefreshSessionRequest,
    SecondFactorResponse,
    SessionResponse,
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
    """Start a session on a device, or learn which second factor it takes; one that the device had is over."""
    outcome = await app.sessions.sign_in(
        actor=actor, name=body.name, password=body.password, device_id=body.device_id, device_token=body.device_token
    )
    if isinstance(outcome, SecondFactorRequired):
        return envelope(SecondFactorResponse.of(outcome))
    return envelope(TokenPairResponse.of(outcome))


@proofs.post("/login/verify", dependencies=[Public], assurance=NONE)
async def complete_sign_in(body: CompleteSignInRequest, actor: CurrentActor, app: App) -> Envelope[TokenPairResponse]:
    """Show the second factor of a sign-in: a code of the app, or a backup code. The fifth wrong one ends it."""
    pair = await app.sessions.complete_sign_in(actor=actor, challenge=body.challenge, code=body.code)
    return envelope(TokenPairResponse.of(pair))


@tokens.post("/refresh", dependencies=[Public], idempotency=False, assurance=NONE)
async def refresh_session(
    body: RefreshSessionRequest, actor: CurrentActor, app: App, request: Request, dpop: DpopHeader = None
) -> Envelope[TokenPairResponse]:
    """Exchange a refresh token for the next pair. For ten seconds a used one still gets the same device the current one."""
    # Two headers are none (RFC 9449 section 4.3): which one would be checked?
    proof = dpop if len(request.headers.getlist("dpop")) == 1 else None
    pair = await app.sessions.refresh_session(
        actor=actor, refresh_token=body.refresh_token, device_id=body.device_id, proof=proof
    )
    return envelope(TokenPairResponse.of(pair))


@proofs.post("/step-up/options", dependencies=[Authenticated], assurance=NONE)
async def challenge_step_up(actor: CurrentActor, app: App) -> Envelope[PasskeyCeremonyResponse]:
    """Give a challenge for one of the caller's passkeys, to step up by it."""
    return envelope(PasskeyCeremonyResponse.of(await app.sessions.challenge_step_up(actor=actor)))


@proofs.post("/step-up", dependencies=[Authenticated], assurance=NONE)
async def step_up(body: StepUpRequest, actor: CurrentActor, app: App) -> Envelope[AccessTokenResponse]:
    """Re-authenticate when a request was refused with AUTH_005, then repeat it with this token.

    The token claims what is shown here, and nothing of before: a passkey, or password and code together, are two factors.
    """
    passkey = ShownPasskey(body.passkey.ceremony_id, body.passkey.credential) if body.passkey else None
    token = await app.sessions.step_up(actor=actor, password=body.password, code=body.code, passkey=passkey)
    return envelope(AccessTokenResponse.of(token))


@tokens.post("/logout", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def sign_out(actor: CurrentActor, app: App) -> Envelope[SignedOutResponse]:
    """End the session of the access token; its tokens are refused from now on."""
    await app.sessions.sign_out(actor=actor)
    return envelope(SignedOutResponse())


@tokens.post("/logout-all", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def sign_out_everywhere(
    body: SignOutEverywhereRequest, actor: CurrentActor, app: App
) -> Envelope[SignedOutEverywhereResponse]:
    """End all of the caller's sessions, or all but this one; their tokens are refused from now on."""
    ended = await app.sessions.sign_out_everywhere(actor=actor, keep_current=body.keep_current)
    return envelope(SignedOutEverywhereResponse(sessions_ended=ended))


@sessions.get("", dependencies=[Authenticated], reads=OTHERS)
async def list_sessions(
    actor: CurrentActor,
    paging: Paging,
    app: App,
    user_id: Annotated[UUID | None, Query(description="Another's, for staff")] = None,
    live: Annotated[bool | None, Query(description="Only those that live, or only those that have ended")] = None,
) -> Envelope[PageOf[SessionResponse]]:
    """List sessions, newest first, the ended ones too."""
    page = await app.sessions.list_sessions(actor=actor, page=paging, user_id=user_id, live=live)
    return page_of(page, lambda view: SessionResponse.of(view, current_id=actor.session_id))


@sessions.get("/{session_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_session(session_id: UUID, actor: CurrentActor, app: App) -> Envelope[SessionResponse]:
    """Read a session: one's own, or anybody's for staff."""
    view = await app.sessions.get_session(actor=actor, session_id=session_id)
    return envelope(SessionResponse.of(view, current_id=actor.session_id))


@sessions.delete("/{session_id}", status_code=204, dependencies=[Authenticated], idempotency=False, assurance=NONE, others=RECENT)
async def revoke_session(session_id: UUID, actor: CurrentActor, app: App) -> None:
    """End a session from elsewhere; its tokens are refused from now on. Doing it again changes nothing."""
    await app.sessions.revoke_session(actor=actor, session_id=session_id)
