from collections.abc import Sequence
from typing import TypeVar

from kernel.pages import Page, PageRequest

T = TypeVar("T")


def page_of(items: Sequence[T], page: PageRequest) -> Page[T]:
    return Page(items[page.offset : page.offset + page.per_page], page.page, page.per_page, len(items))
