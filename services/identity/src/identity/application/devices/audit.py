"""The audit facts of devices."""

from hashlib import sha256
from typing import Final
from uuid import UUID

from identity.domain.device import Device
from kernel.audit import Audited, State
from kernel.reads import ReadOfOthers


def _state(device: Device) -> State:
    # The owner wrote the name, so only the digest of the sealed name is recorded.
    name = sha256(device.name.encode()).hexdigest()[:16] if device.name else None
    return {"name_digest": name, "revoked": device.is_revoked}


DEVICE: Final = Audited(
    action="identity.device",
    resource_type="device",
    state=_state,
    id_of=lambda device: device.device_id,
    related=lambda device: (str(device.user_id),),
)


def devices_listed(owner: UUID, *, shown: int) -> ReadOfOthers:
    return ReadOfOthers(action="identity.device.list", resource_id=str(owner), owners=(owner,), shown=shown)
