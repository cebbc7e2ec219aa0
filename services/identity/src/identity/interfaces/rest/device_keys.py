"""The keys with which the caller's devices sign transfers."""

from uuid import UUID

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Router, envelope, page_of
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.device_keys import DeviceKeyChallengeResponse, DeviceKeyResponse, RegisterDeviceKeyRequest
from kernel.assurance import NONE, RECENT
from kernel.reads import OWN

device_keys = Router(prefix="/device-keys", tags=["device-keys"])


@device_keys.get("", dependencies=[Authenticated], reads=OWN)
async def list_device_keys(actor: CurrentActor, paging: Paging, app: App) -> Envelope[PageOf[DeviceKeyResponse]]:
    """List the keys of all of the caller's devices, newest first, including revoked keys."""
    return page_of(await app.device_keys.list_device_keys(actor=actor, page=paging), DeviceKeyResponse.of)


@device_keys.post("/challenges", status_code=201, dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def issue_device_key_challenge(actor: CurrentActor, app: App) -> Envelope[DeviceKeyChallengeResponse]:
    """Get a challenge to sign with the key that this device will register. It is valid for five minutes."""
    return envelope(DeviceKeyChallengeResponse.of(await app.device_keys.issue_device_key_challenge(actor=actor)))


@device_keys.post("", status_code=201, dependencies=[Authenticated], assurance=RECENT)
async def register_device_key(body: RegisterDeviceKeyRequest, actor: CurrentActor, app: App) -> Envelope[DeviceKeyResponse]:
    """Register this device's public key. Its previous key is revoked."""
    key = await app.device_keys.register_device_key(
        actor=actor,
        algorithm=body.algorithm,
        public_key=body.public_key,
        challenge=body.challenge,
        signature=body.signature,
    )
    return envelope(DeviceKeyResponse.of(key))


@device_keys.delete("/{key_id}", dependencies=[Authenticated], assurance=RECENT)
async def revoke_device_key(key_id: UUID, actor: CurrentActor, app: App) -> Envelope[DeviceKeyResponse]:
    """Revoke one of the caller's keys. Signatures of a revoked key are refused."""
    return envelope(DeviceKeyResponse.of(await app.device_keys.revoke_device_key(actor=actor, key_id=key_id)))
