"""The REST API of every service: its app factory, router and envelope."""

from chassis.rest.access import Access, Authenticated, CurrentActor, Public, Readmission, Requires
from chassis.rest.app import create_app
from chassis.rest.envelope import Envelope, envelope
from chassis.rest.etag import IfMatch, IfMatchOrNew, set_etag
from chassis.rest.idempotency import IdempotencyKey, IdempotencyStore, mark_replayed
from chassis.rest.models import AmountText, RequestModel, ResponseModel, WalletAddressText
from chassis.rest.paging import CursorPageOf, CursorPaging, PageOf, Paging, cursor_of, page_of
from chassis.rest.reasons import ReadReason, ReadReasonOfOthers
from chassis.rest.router import Router
from chassis.rest.texts import AS_SENT, ONE_LINE, ONE_LINE_REASON, REASON, SEVERAL_LINES, VERBATIM, Day, Moment

__all__ = [
    "AS_SENT",
    "ONE_LINE",
    "ONE_LINE_REASON",
    "REASON",
    "SEVERAL_LINES",
    "VERBATIM",
    "Access",
    "AmountText",
    "Authenticated",
    "CurrentActor",
    "CursorPageOf",
    "CursorPaging",
    "Day",
    "Envelope",
    "IdempotencyKey",
    "IdempotencyStore",
    "IfMatch",
    "IfMatchOrNew",
    "Moment",
    "PageOf",
    "Paging",
    "Public",
    "ReadReason",
    "ReadReasonOfOthers",
    "Readmission",
    "RequestModel",
    "Requires",
    "ResponseModel",
    "Router",
    "WalletAddressText",
    "create_app",
    "cursor_of",
    "envelope",
    "mark_replayed",
    "page_of",
    "set_etag",
]
