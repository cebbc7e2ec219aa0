"""Devices."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import ONE_LINE, RequestModel, ResponseModel
from identity.application.devices.views import DeviceView, OriginView


class OriginResponse(ResponseModel):
    address: str = Field(examples=["198.51.100.7"])
    program: str | None = Field(description="What the client's User-Agent claims", examples=["Firefox 140 on Windows"])

    @classmethod
    def of(cls, view: OriginView | None) -> Self | None:
        return cls(address=view.address, program=view.program) if view else None


class DeviceResponse(ResponseModel):
    id: UUID
    name: str | None = Field(examples=["Telephone"])
    current: bool = Field(description="Whether this request comes from this device")
    trusted: Annotated[Literal[False], Field(deprecated=True, description="Always false")] = False
    first_seen_at: datetime
    last_active_at: datetime
    last_seen_from: OriginResponse | None = Field(description="Origin of the device's last sign-in or refresh")
    trusted_at: Annotated[None, Field(deprecated=True, description="Always null")] = None
    revoked_at: datetime | None
    session_id: UUID | None = Field(description="The device's live session")

    @classmethod
    def of(cls, view: DeviceView, *, current_id: str | None) -> Self:
        return cls(
            id=view.device_id,
            name=view.name,
            current=str(view.device_id) == current_id,
            first_seen_at=view.first_seen_at,
            last_active_at=view.last_active_at,
            last_seen_from=OriginResponse.of(view.seen_from),
            revoked_at=view.revoked_at,
            session_id=view.session_id,
        )


class ChangeDeviceRequest(RequestModel):
    """Omitted fields stay unchanged. A name of null removes the name."""

    name: Annotated[str | None, Field(min_length=1, max_length=64, examples=["Telephone"]), ONE_LINE] = None
    trusted: Annotated[bool | None, Field(deprecated=True, description="Has no effect")] = None
