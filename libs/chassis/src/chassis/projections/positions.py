"""The position of a feed's page, as a message."""

from collections.abc import Sequence
from typing import Any, TypeVar

from elcorp.platform.v1.feed_pb2 import FeedPosition
from kernel.feeds import FeedPage

T = TypeVar("T")


def position_of(page: FeedPage[Any]) -> FeedPosition:
    return FeedPosition(cursor=page.cursor, restart=page.restart, is_last=page.is_last, is_reset=page.is_reset)


def page_at(position: FeedPosition, rows: Sequence[T]) -> FeedPage[T]:
    return FeedPage(rows, position.cursor, position.restart, position.is_last, position.is_reset)
