"""Registering, signing in, refreshing, signing out.

Answers with tokens are never kept for repeats: a refresh has a retry of its own, and signing in again is harmless.
"""

from chassis.rest import Authenticated, CurrentActor, Envelope, Public, Router, envelope
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.accounts import RegisteredResponse, RegisterRequest
from identity.interfaces.rest.schemas.sessions import LoginRequest, RefreshRequest, SignedOutResponse, TokenPairResponse

auth = Router(prefix="/auth", tags=["auth"])


@auth.post("/register", status_code=201, dependencies=[Public])
async def register_user(body: RegisterRequest, actor: CurrentActor, app: App) -> Envelope[RegisteredResponse]:
    """Open an account; it holds a wallet address from the start."""
    enrolled = await app.accounts.register_user(
        actor=actor,
        full_name=body.full_name,
        email=body.email,
        phone=body.phone,
        password=body.password,
        agreed_terms=body.agreed_terms,
        organization=body.organization,
        username=body.username,
    )
    return envelope(RegisteredResponse.of(enrolled))


@auth.post("/login", dependencies=[Public], idempotency=False)
async def sign_in(body: LoginRequest, actor: CurrentActor, app: App) -> Envelope[TokenPairResponse]:
    """Start a session on a device; one that the device had is over."""
    pair = await app.sessions.sign_in(actor=actor, name=body.name, password=body.password, device_id=body.device_id)
    return envelope(TokenPairResponse.of(pair))


@auth.post("/refresh", dependencies=[Public], idempotency=False)
async def refresh_session(body: RefreshRequest, actor: CurrentActor, app: App) -> Envelope[TokenPairResponse]:
    """Spend a refresh token for the next pair. Asking again within ten seconds gives the same refresh token."""
    pair = await app.sessions.refresh_session(actor=actor, refresh_token=body.refresh_token, device_id=body.device_id)
    return envelope(TokenPairResponse.of(pair))


@auth.post("/logout", dependencies=[Authenticated], idempotency=False)
async def sign_out(actor: CurrentActor, app: App) -> Envelope[SignedOutResponse]:
    """End the session of the access token; its tokens are refused from now on."""
    await app.sessions.sign_out(actor=actor)
    return envelope(SignedOutResponse())
