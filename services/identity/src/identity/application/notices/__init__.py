"""Notices: the table of contents. Events request them, jobs send them, and people read them."""

from dataclasses import dataclass

from identity.application.notices.follow_notices import FollowNotices
from identity.application.notices.get_notice import GetNotice
from identity.application.notices.get_notice_preferences import GetNoticePreferences
from identity.application.notices.get_notice_state import GetNoticeState
from identity.application.notices.list_notices import ListNotices
from identity.application.notices.read_notice import ReadNotice
from identity.application.notices.read_notices import ReadNotices
from identity.application.notices.send_to_address import SendToAddress
from identity.application.notices.set_notice_preferences import SetNoticePreferences


@dataclass(frozen=True, slots=True)
class Notices:
    list_notices: ListNotices
    get_notice: GetNotice
    get_notice_state: GetNoticeState
    follow_notices: FollowNotices
    read_notice: ReadNotice
    read_notices: ReadNotices
    get_notice_preferences: GetNoticePreferences
    set_notice_preferences: SetNoticePreferences
    send_to_address: SendToAddress
