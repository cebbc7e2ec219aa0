"""Second factors. What answers with a secret is never kept for repeats."""

from uuid import UUID

from chassis.rest import Authenticated, CurrentActor, Envelope, Public, Router, envelope
from identity.application.factors.step_up import ShownPasskey
from identity.domain.passkey import CeremonyKind
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.factors import (
    AddPasskeyRequest,
    BackupCodesResponse,
    CeremonyResponse,
    ChallengeRequest,
    CompleteSignInRequest,
    ConfirmAtSignInRequest,
    ConfirmTotpRequest,
    FactorsResponse,
    FreshTokenResponse,
    NewTotpResponse,
    PasskeyResponse,
    PasskeySignInRequest,
    RemovedResponse,
    RenamePasskeyRequest,
    StepUpRequest,
)
from identity.interfaces.rest.schemas.fields import EndOthers
from identity.interfaces.rest.schemas.sessions import TokenPairResponse
from kernel.assurance import NONE, RECENT
from kernel.reads import OWN

factors = Router(prefix="/auth", tags=["second factors"], idempotent=False)


@factors.post("/login/verify", dependencies=[Public], assurance=NONE)
async def complete_sign_in(body: CompleteSignInRequest, actor: CurrentActor, app: App) -> Envelope[TokenPairResponse]:
    """Show the second factor of a sign-in: a code of the app, or a backup code. The fifth wrong one ends it."""
    pair = await app.factors.complete_sign_in(actor=actor, challenge=body.challenge, code=body.code)
    return envelope(TokenPairResponse.of(pair))


@factors.post("/login/totp", status_code=201, dependencies=[Public], assurance=NONE)
async def begin_totp_at_sign_in(body: ChallengeRequest, actor: CurrentActor, app: App) -> Envelope[NewTotpResponse]:
    """Set up an authenticator app where a session needs one first."""
    return envelope(NewTotpResponse.of(await app.factors.begin_totp.at_sign_in(actor=actor, challenge=body.challenge)))


@factors.post("/login/totp/confirm", dependencies=[Public], assurance=NONE)
async def confirm_totp_at_sign_in(body: ConfirmAtSignInRequest, actor: CurrentActor, app: App) -> Envelope[BackupCodesResponse]:
    """Confirm the app; the sign-in goes on at /auth/login/verify, with the app's next code."""
    codes = await app.factors.confirm_totp.at_sign_in(actor=actor, challenge=body.challenge, code=body.code)
    return envelope(BackupCodesResponse.of(codes))


@factors.post("/passkeys/options", dependencies=[Public], assurance=NONE)
async def challenge_passkey(actor: CurrentActor, app: App) -> Envelope[CeremonyResponse]:
    """Give a challenge that any passkey of this platform may answer, once and within five minutes."""
    return envelope(CeremonyResponse.of(await app.factors.challenge_passkey(actor=actor, kind=CeremonyKind.SIGN_IN)))


@factors.post("/passkeys/login", dependencies=[Public], assurance=NONE)
async def sign_in_with_passkey(body: PasskeySignInRequest, actor: CurrentActor, app: App) -> Envelope[TokenPairResponse]:
    """Start a session by passkey, without a password; it counts as two factors."""
    pair = await app.factors.sign_in_with_passkey(
        actor=actor, ceremony_id=body.ceremony_id, credential=body.credential, device_id=body.device_id
    )
    return envelope(TokenPairResponse.of(pair))


@factors.post("/step-up/options", dependencies=[Authenticated], assurance=NONE)
async def challenge_step_up(actor: CurrentActor, app: App) -> Envelope[CeremonyResponse]:
    """Give a challenge for one of the caller's passkeys, to step up by it."""
    return envelope(CeremonyResponse.of(await app.factors.challenge_passkey(actor=actor, kind=CeremonyKind.STEP_UP)))


@factors.post("/step-up", dependencies=[Authenticated], assurance=NONE)
async def step_up(body: StepUpRequest, actor: CurrentActor, app: App) -> Envelope[FreshTokenResponse]:
    """Re-authenticate when a request was refused with AUTH_005, then repeat it with this token.

    The token claims what is shown here, and nothing of before: a passkey, or password and code together, are two factors.
    """
    passkey = ShownPasskey(body.passkey.ceremony_id, body.passkey.credential) if body.passkey else None
    token = await app.factors.step_up(actor=actor, password=body.password, code=body.code, passkey=passkey)
    return envelope(FreshTokenResponse.of(token))


@factors.get("/factors", dependencies=[Authenticated], reads=OWN)
async def get_factors(actor: CurrentActor, app: App) -> Envelope[FactorsResponse]:
    """Tell which second factors the caller has."""
    return envelope(FactorsResponse.of(await app.queries.factors_of(actor.user_id)))


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
async def remove_totp(actor: CurrentActor, app: App, end_other_sessions: EndOthers = True) -> Envelope[RemovedResponse]:
    """Remove the authenticator app."""
    await app.factors.remove_totp(actor=actor, end_other_sessions=end_other_sessions)
    return envelope(RemovedResponse())


@factors.post("/factors/backup-codes", status_code=201, dependencies=[Authenticated], assurance=RECENT)
async def renew_backup_codes(
    actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[BackupCodesResponse]:
    """Make ten new backup codes; the ones before are void."""
    codes = await app.factors.renew_backup_codes(actor=actor, end_other_sessions=end_other_sessions)
    return envelope(BackupCodesResponse.of(codes))


@factors.post("/factors/passkeys/options", dependencies=[Authenticated], assurance=RECENT)
async def begin_passkey(actor: CurrentActor, app: App) -> Envelope[CeremonyResponse]:
    """Get the challenge for a new passkey."""
    return envelope(CeremonyResponse.of(await app.factors.begin_passkey(actor=actor)))


@factors.post("/factors/passkeys", status_code=201, dependencies=[Authenticated], assurance=RECENT)
async def add_passkey(
    body: AddPasskeyRequest, actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[PasskeyResponse]:
    """Add a new passkey."""
    passkey = await app.factors.add_passkey(
        actor=actor,
        ceremony_id=body.ceremony_id,
        name=body.name,
        credential=body.credential,
        end_other_sessions=end_other_sessions,
    )
    return envelope(PasskeyResponse.of(passkey, name=body.name))


@factors.patch("/factors/passkeys/{passkey_id}", dependencies=[Authenticated], assurance=RECENT)
async def rename_passkey(
    passkey_id: UUID, body: RenamePasskeyRequest, actor: CurrentActor, app: App
) -> Envelope[PasskeyResponse]:
    """Name a passkey."""
    passkey = await app.factors.rename_passkey(actor=actor, passkey_id=passkey_id, name=body.name)
    return envelope(PasskeyResponse.of(passkey, name=body.name))


@factors.delete("/factors/passkeys/{passkey_id}", dependencies=[Authenticated], assurance=RECENT)
async def remove_passkey(
    passkey_id: UUID, actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[RemovedResponse]:
    """Remove a passkey."""
    await app.factors.remove_passkey(actor=actor, passkey_id=passkey_id, end_other_sessions=end_other_sessions)
    return envelope(RemovedResponse())
