"""When and how a person wants to be informed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Final

from identity.domain.notice import NoticeGroup, NoticeLanguage
from kernel.errors import InvalidValue
from kernel.notices import Urgency

# Namibian time, which has been UTC+2 all year since 2017.
NAMIBIA: Final = timezone(timedelta(hours=2), "CAT")


class NoticeChannel(StrEnum):
    IN_APP = "in_app"
    MAIL = "mail"


class DigestFrequency(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """No mail is sent from `start` to `end`, in Namibian time. They may span midnight."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise InvalidValue(field="quiet_hours", expected="a start and an end that differ")

    def end_after(self, at: datetime) -> datetime:
        """Return when mail may be sent again: `at` itself outside quiet hours."""
        local = at.astimezone(NAMIBIA)
        if not self._contains(local.time()):
            return at
        end = datetime.combine(local.date(), self.end, NAMIBIA)
        return end if end > local else end + timedelta(days=1)

    def _contains(self, now: time) -> bool:
        if self.start < self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


@dataclass(frozen=True, slots=True)
class DigestTime:
    """When digests are sent: at an hour of each day, or of one day of the week (0 is Monday), in Namibian time."""

    frequency: DigestFrequency = DigestFrequency.DAILY
    hour: int = 7
    weekday: int = 0

    def next_after(self, at: datetime) -> datetime:
        local = at.astimezone(NAMIBIA)
        due = datetime.combine(local.date(), time(self.hour), NAMIBIA)
        if self.frequency is DigestFrequency.WEEKLY:
            due += timedelta(days=(self.weekday - local.weekday()) % 7)
        if due > local:
            return due
        return due + timedelta(days=7 if self.frequency is DigestFrequency.WEEKLY else 1)


_EVERY_CHANNEL: Final = frozenset(NoticeChannel)


@dataclass(frozen=True, slots=True)
class NoticePreferences:
    """A group that `channels` does not name has every channel. Security notices cannot be switched off."""

    language: NoticeLanguage = NoticeLanguage.ENGLISH
    channels: Mapping[NoticeGroup, frozenset[NoticeChannel]] = field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    digest: DigestTime = DigestTime()

    def __post_init__(self) -> None:
        if self.channels_of(NoticeGroup.SECURITY) != _EVERY_CHANNEL:
            raise InvalidValue(field="channels", expected="every channel for security notices")

    def channels_of(self, group: NoticeGroup) -> frozenset[NoticeChannel]:
        return self.channels.get(group, _EVERY_CHANNEL)

    def lists(self, group: NoticeGroup) -> bool:
        return NoticeChannel.IN_APP in self.channels_of(group)

    def mails(self, group: NoticeGroup) -> bool:
        return NoticeChannel.MAIL in self.channels_of(group)

    def mail_at(self, urgency: Urgency, at: datetime) -> datetime:
        """Return when a mail about a notice of now is due."""
        if urgency is Urgency.URGENT:
            return at
        if urgency is Urgency.DIGEST:
            return self.digest.next_after(at)
        return self.quiet_hours.end_after(at) if self.quiet_hours else at


DEFAULT_PREFERENCES: Final = NoticePreferences()
