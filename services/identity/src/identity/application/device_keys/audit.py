"""The audit facts of device keys."""

from typing import Final

from identity.domain.device_key import DeviceKey
from kernel.audit import Audited


def _ids(key: DeviceKey) -> tuple[str, ...]:
    return str(key.user_id), str(key.device_id)


# Record a new key in full. Of a later change, record only whether it is live.
DEVICE_KEY: Final = Audited(
    action="identity.device_key",
    resource_type="device_key",
    state=lambda key: {"algorithm": key.algorithm.value, "public_key": key.public_key.hex(), "live": key.is_live},
    id_of=lambda key: key.id,
    related=_ids,
)
DEVICE_KEY_LIFE: Final = Audited(
    action="identity.device_key",
    resource_type="device_key",
    state=lambda key: {"live": key.is_live},
    id_of=lambda key: key.id,
    related=_ids,
)
