"""Notices, as far as the API reads and marks them. The worker receives requests; the `jobs` process carries them out."""

from identity.application.notices import Notices
from identity.application.notices.follow_notices import FollowNotices
from identity.application.notices.get_notice import GetNotice
from identity.application.notices.get_notice_preferences import GetNoticePreferences
from identity.application.notices.get_notice_state import GetNoticeState
from identity.application.notices.list_notices import ListNotices
from identity.application.notices.read_notice import ReadNotice
from identity.application.notices.read_notices import ReadNotices
from identity.application.notices.send_to_address import SendToAddress
from identity.application.notices.set_notice_preferences import SetNoticePreferences
from identity.wiring.dependencies import Dependencies


def notices(given: Dependencies) -> Notices:
    views, uow, clock = given.views.notices, given.uow, given.clock
    get_notice = GetNotice(views=views)
    get_notice_state = GetNoticeState(views=views)
    return Notices(
        list_notices=ListNotices(views=views),
        get_notice=get_notice,
        get_notice_state=get_notice_state,
        follow_notices=FollowNotices(views=given.views.notices, clock=given.clock),
        read_notice=ReadNotice(uow=uow, get_notice=get_notice, clock=clock),
        read_notices=ReadNotices(uow=uow, clock=clock),
        get_notice_preferences=GetNoticePreferences(views=views),
        set_notice_preferences=SetNoticePreferences(uow=uow, clock=clock),
        send_to_address=SendToAddress(uow=uow, contacts=given.contacts, clock=clock),
    )
