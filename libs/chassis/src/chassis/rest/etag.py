"""Optimistic concurrency over HTTP: a version out as ETag, the same version back as If-Match."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header, Response

from kernel.errors import InvalidValue

_ETAG: Final = re.compile(r'(?:W/)?"([0-9]{1,18})"')


class InvalidEntityTag(InvalidValue):
    """If-Match takes one entity tag as it came in ETag, such as "7", or *."""


def set_etag(response: Response, version: int) -> None:
    """Tell the version of the resource in the answer."""
    response.headers["etag"] = f'"{version}"'


async def _if_match(
    if_match: Annotated[str | None, Header(max_length=64, examples=['"7"'], description="The ETag last seen")] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    matched = _ETAG.fullmatch(if_match.strip())
    if not matched:
        raise InvalidEntityTag(field="If-Match")
    return int(matched[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
