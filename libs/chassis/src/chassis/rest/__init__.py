"""The REST API of every service: its app factory, router and envelope."""

from chassis.auth.access_control import Scope
from chassis.rest.access import Access, Authenticated, CurrentActor, OfSession, Public, Readmission, Requires
from chassis.rest.app import create_app
from chassis.rest.envelope import Envelope, envelope
from chassis.rest.etag import IfMatch, IfMatchOrNew, set_etag
from chassis.rest.event_streams import EVENT_STREAM, STREAM_SECONDS_MAX, Events
from chassis.rest.file_response import attachment, file_response
from chassis.rest.idempotency import IdempotencyKey, IdempotencyStore, mark_replayed
from chassis.rest.long_work import ProgressResponse, WorkResponse
from chassis.rest.models import AmountText, RequestModel, ResponseModel, WalletAddressText
from chassis.rest.paging import CursorPageOf, CursorPaging, PageOf, Paging, cursor_of, page_of
from chassis.rest.reasons import ReadReason, ReadReasonOfOthers
from chassis.rest.router import Router
from chassis.rest.texts import AS_SENT, ONE_LINE, ONE_LINE_REASON, REASON, SEVERAL_LINES, VERBATIM, Day, Moment
from chassis.rest.uploads import Takes, UploadedFile

__all__ = [
    "AS_SENT",
    "EVENT_STREAM",
    "ONE_LINE",
    "ONE_LINE_REASON",
    "REASON",
    "SEVERAL_LINES",
    "STREAM_SECONDS_MAX",
    "VERBATIM",
    "Access",
    "AmountText",
    "Authenticated",
    "CurrentActor",
    "CursorPageOf",
    "CursorPaging",
    "Day",
    "Envelope",
    "Events",
    "IdempotencyKey",
    "IdempotencyStore",
    "IfMatch",
    "IfMatchOrNew",
    "Moment",
    "OfSession",
    "PageOf",
    "Paging",
    "ProgressResponse",
    "Public",
    "ReadReason",
    "ReadReasonOfOthers",
    "Readmission",
    "RequestModel",
    "Requires",
    "ResponseModel",
    "Router",
    "Scope",
    "Takes",
    "UploadedFile",
    "WalletAddressText",
    "WorkResponse",
    "attachment",
    "create_app",
    "cursor_of",
    "envelope",
    "file_response",
    "mark_replayed",
    "page_of",
    "set_etag",
]
