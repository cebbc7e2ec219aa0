"""Second factors. Responses with secrets are never stored for repeats."""

from chassis.rest import Authenticated, CurrentActor, Envelope, Public, Router, envelope
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.factors import (
    BackupCodesResponse,
    ConfirmTotpAtSignInRequest,
    ConfirmTotpRequest,
    FactorRemovedResponse,
    FactorsResponse,
    NewTotpResponse,
    SignInChallengeRequest,
)
from identity.interfaces.rest.schemas.fields import EndOthers
from kernel.assurance import NONE, RECENT
from kernel.reads import OWN

factors = Router(prefix="/auth", tags=["second factors"], idempotent=False)


@factors.post("/login/totp", status_code=201, dependencies=[Public], assurance=NONE)
async def begin_totp_at_sign_in(body: SignInChallengeRequest, actor: CurrentActor, app: App) -> Envelope[NewTotpResponse]:
    """Begin to set up an authenticator app during a sign-in that requires a second factor."""
    return envelope(NewTotpResponse.of(await app.factors.begin_totp_at_sign_in(actor=actor, challenge=body.challenge)))


@factors.post("/login/totp/confirm", dependencies=[Public], assurance=NONE)
async def confirm_totp_at_sign_in(
    body: ConfirmTotpAtSignInRequest, actor: CurrentActor, app: App
) -> Envelope[BackupCodesResponse]:
    """Confirm the app with a code. Complete the sign-in at `POST /auth/login/verify` with the app's next code."""
    codes = await app.factors.confirm_totp_at_sign_in(actor=actor, challenge=body.challenge, code=body.code)
    return envelope(BackupCodesResponse.of(codes))


@factors.get("/factors", dependencies=[Authenticated], reads=OWN)
async def get_factors(actor: CurrentActor, app: App) -> Envelope[FactorsResponse]:
    """Get the caller's second factors."""
    return envelope(FactorsResponse.of(await app.factors.get_factors(actor=actor)))


@factors.post("/factors/totp", status_code=201, dependencies=[Authenticated], assurance=RECENT)
async def begin_totp(actor: CurrentActor, app: App) -> Envelope[NewTotpResponse]:
    """Begin to set up an authenticator app. `POST /auth/factors/totp/confirm` completes the setup."""
    return envelope(NewTotpResponse.of(await app.factors.begin_totp(actor=actor)))


@factors.post("/factors/totp/confirm", dependencies=[Authenticated], assurance=RECENT)
async def confirm_totp(
    body: ConfirmTotpRequest, actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[BackupCodesResponse]:
    """Confirm the app with a code, which cannot be used again. Returns ten backup codes, which are shown only once."""
    codes = await app.factors.confirm_totp(actor=actor, code=body.code, end_other_sessions=end_other_sessions)
    return envelope(BackupCodesResponse.of(codes))


@factors.delete("/factors/totp", dependencies=[Authenticated], assurance=RECENT)
async def remove_totp(actor: CurrentActor, app: App, end_other_sessions: EndOthers = True) -> Envelope[FactorRemovedResponse]:
    """Remove the authenticator app."""
    await app.factors.remove_totp(actor=actor, end_other_sessions=end_other_sessions)
    return envelope(FactorRemovedResponse())


@factors.post("/factors/backup-codes", status_code=201, dependencies=[Authenticated], assurance=RECENT)
async def renew_backup_codes(
    actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[BackupCodesResponse]:
    """Create ten new backup codes. The previous codes no longer work."""
    codes = await app.factors.renew_backup_codes(actor=actor, end_other_sessions=end_other_sessions)
    return envelope(BackupCodesResponse.of(codes))
