"""Passkeys. Responses with secrets are never stored for repeats."""

from uuid import UUID

from chassis.rest import Authenticated, CurrentActor, Envelope, Public, Router, envelope
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.factors import FactorRemovedResponse
from identity.interfaces.rest.schemas.fields import EndOthers
from identity.interfaces.rest.schemas.passkeys import (
    AddPasskeyRequest,
    PasskeyCeremonyResponse,
    PasskeyResponse,
    PasskeySignInRequest,
    RenamePasskeyRequest,
)
from identity.interfaces.rest.schemas.sessions import TokenPairResponse
from kernel.assurance import NONE, RECENT

passkeys = Router(prefix="/auth", tags=["second factors"], idempotent=False)


@passkeys.post("/passkeys/options", dependencies=[Public], assurance=NONE)
async def challenge_passkey(actor: CurrentActor, app: App) -> Envelope[PasskeyCeremonyResponse]:
    """Get a challenge to sign in with a passkey. It is valid once, for five minutes."""
    return envelope(PasskeyCeremonyResponse.of(await app.passkeys.challenge_passkey(actor=actor)))


@passkeys.post("/passkeys/login", dependencies=[Public], assurance=NONE)
async def sign_in_with_passkey(body: PasskeySignInRequest, actor: CurrentActor, app: App) -> Envelope[TokenPairResponse]:
    """Sign in with a passkey, without a password. A passkey counts as two factors."""
    pair = await app.passkeys.sign_in_with_passkey(
        actor=actor, ceremony_id=body.ceremony_id, credential=body.credential, device_id=body.device_id
    )
    return envelope(TokenPairResponse.of(pair))


@passkeys.post("/factors/passkeys/options", dependencies=[Authenticated], assurance=RECENT)
async def begin_passkey(actor: CurrentActor, app: App) -> Envelope[PasskeyCeremonyResponse]:
    """Get the challenge for a new passkey."""
    return envelope(PasskeyCeremonyResponse.of(await app.passkeys.begin_passkey(actor=actor)))


@passkeys.post("/factors/passkeys", status_code=201, dependencies=[Authenticated], assurance=RECENT)
async def add_passkey(
    body: AddPasskeyRequest, actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[PasskeyResponse]:
    """Add a new passkey."""
    passkey = await app.passkeys.add_passkey(
        actor=actor,
        ceremony_id=body.ceremony_id,
        name=body.name,
        credential=body.credential,
        end_other_sessions=end_other_sessions,
    )
    return envelope(PasskeyResponse.of(passkey, name=body.name))


@passkeys.patch("/factors/passkeys/{passkey_id}", dependencies=[Authenticated], assurance=RECENT)
async def rename_passkey(
    passkey_id: UUID, body: RenamePasskeyRequest, actor: CurrentActor, app: App
) -> Envelope[PasskeyResponse]:
    """Rename a passkey."""
    passkey = await app.passkeys.rename_passkey(actor=actor, passkey_id=passkey_id, name=body.name)
    return envelope(PasskeyResponse.of(passkey, name=body.name))


@passkeys.delete("/factors/passkeys/{passkey_id}", dependencies=[Authenticated], assurance=RECENT)
async def remove_passkey(
    passkey_id: UUID, actor: CurrentActor, app: App, end_other_sessions: EndOthers = True
) -> Envelope[FactorRemovedResponse]:
    """Remove a passkey."""
    await app.passkeys.remove_passkey(actor=actor, passkey_id=passkey_id, end_other_sessions=end_other_sessions)
    return envelope(FactorRemovedResponse())
