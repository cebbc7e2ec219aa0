"""Second factors. What answers with a secret is never kept for repeats."""

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
    """Set up an authenticator app where a session needs one first."""
    return envelope(NewTotpResponse.of(await app.factors.begin_totp_at_sign_in(actor=actor, challenge=body.challenge)))


@factors.post("/login/totp/confirm", dependencies=[Public], assurance=NONE)
async def confirm_totp_at_sign_in(
    body: ConfirmTotpAtSignInRequest, actor: CurrentActor, app: App
) -> Envelope[BackupCodesResponse]:
    """Confirm the app; the sign-in goes on at /auth/login/verify, with the app's next code."""
    codes = await app.factors.confirm_totp_at_sign_in(actor=actor, challenge=body.challenge, code=body.code)
    return envelope(BackupCodesResponse.of(codes))


@factors.get("/factors", dependencies=[Authenticated], reads=OWN)
async def get_factors(actor: CurrentActor, app: App) -> Envelope[FactorsResponse]:
    """Tell which second factors the caller has."""
    return envelope(FactorsResponse.of(await app.factors.get_factors(actor=actor)))


@factors.post("/factors/totp", status_code=201, dependencies=[Authenticated], assurance=RECENT)
async def begin_totp(actor: CurrentActor, app: App) -> Envelope[NewTotpResponse]:
    """Begin to set up an authenticator app; `POST /auth/factors/totp/confirm` completes it."""
    return envelope(NewTotpResponse.of(await app.factors.begin_totp(actor=actor)))


@factors.post("/factors/totp/confirm", dependencies=[Authenticated], assurance=RECENT)
async def confirm_totp(
    body: ConfirmTotpRequest, actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[BackupCodesResponse]:
    """Confirm the app with a code, which is used up; answers with ten backup codes, shown only here."""
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
    """Make ten new backup codes; the ones before are void."""
    codes = await app.factors.renew_backup_codes(actor=actor, end_other_sessions=end_other_sessions)
    return envelope(BackupCodesResponse.of(codes))
