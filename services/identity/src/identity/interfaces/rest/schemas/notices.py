"""Notices and preferences."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import RequestModel, ResponseModel
from identity.application.notices.views import NoticeState, NoticeView
from identity.domain.notice import NoticeGroup, NoticeLanguage
from identity.domain.notice_preferences import DigestFrequency, DigestTime, NoticeChannel, NoticePreferences, QuietHours

_HourAndMinute = Annotated[
    str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="In Namibian time", examples=["21:00"])
]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_Weekday = Annotated[str, Field(pattern=f"^({'|'.join(_WEEKDAYS)})$", examples=["monday"])]


class NoticeResponse(ResponseModel):
    id: UUID
    template: str = Field(examples=["payments.planned_transfer_refused"])
    group: NoticeGroup
    title: str = Field(description="Plain text", examples=["A planned transfer was not made"])
    text: str = Field(description="Plain text, in lines")
    link: str = Field(description="A path of the app", examples=["/notices"])
    occurred_at: datetime
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, view: NoticeView) -> Self:
        return cls.model_validate(view)


class NoticeStateResponse(ResponseModel):
    latest_id: UUID | None = Field(description="The newest notice")
    unread: int = Field(description="How many notices are not read; 1000 means at least so many", examples=[3])

    @classmethod
    def of(cls, state: NoticeState) -> Self:
        return cls(latest_id=state.latest, unread=state.unread)


class ReadNoticesRequest(RequestModel):
    until_id: UUID = Field(description="The last notice that is marked, and all before it")


class ReadNoticesResponse(ResponseModel):
    read: int = Field(description="How many were not read before. Repeat the request if it is 1000", examples=[3])


class QuietHoursFields(RequestModel):
    start: _HourAndMinute
    end: _HourAndMinute


class DigestFields(RequestModel):
    frequency: DigestFrequency
    hour: int = Field(ge=0, le=23, description="In Namibian time", examples=[7])
    weekday: _Weekday = Field(default="monday", description="For weekly digests")


class NoticePreferencesFields(RequestModel):
    language: NoticeLanguage = NoticeLanguage.ENGLISH
    channels: dict[NoticeGroup, list[NoticeChannel]] = Field(
        default_factory=dict, description="By group. An omitted group has every channel; security notices always have"
    )
    quiet_hours: QuietHoursFields | None = Field(default=None, description="No mail is sent then, except for urgent notices")
    digest: DigestFields = DigestFields(frequency=DigestFrequency.DAILY, hour=7)

    def preferences(self) -> NoticePreferences:
        quiet = self.quiet_hours
        return NoticePreferences(
            language=self.language,
            channels={group: frozenset(channels) for group, channels in self.channels.items()},
            quiet_hours=QuietHours(time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)) if quiet else None,
            digest=DigestTime(self.digest.frequency, self.digest.hour, _WEEKDAYS.index(self.digest.weekday)),
        )


class NoticePreferencesResponse(ResponseModel):
    language: NoticeLanguage
    channels: Mapping[NoticeGroup, list[NoticeChannel]]
    quiet_hours: QuietHoursFields | None
    digest: DigestFields

    @classmethod
    def of(cls, preferences: NoticePreferences) -> Self:
        quiet, digest = preferences.quiet_hours, preferences.digest
        return cls(
            language=preferences.language,
            channels={group: sorted(preferences.channels_of(group)) for group in NoticeGroup},
            quiet_hours=QuietHoursFields(start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}") if quiet else None,
            digest=DigestFields(frequency=digest.frequency, hour=digest.hour, weekday=_WEEKDAYS[digest.weekday]),
        )
