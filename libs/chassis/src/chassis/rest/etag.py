"""Conditional requests (RFC 9110): a version is sent as ETag, and comes back as If-Match or If-None-Match."""

import hashlib
import re
from collections.abc import Iterable
from typing import Annotated, Final, Self

from fastapi import Depends, Header, Request, Response

from chassis.entity_tags import is_current, is_known, parse_tags
from kernel.errors import InvalidValue, StaleVersion

# The version is followed by a digest of the rest of the response.
_VERSION: Final = re.compile(r"([0-9]{1,18})(?:\.[0-9a-f]+)?")
_DIGEST_LENGTH: Final = 12
_NOT_MODIFIED: Final = 304
# The headers of the full response that a 304 also has (RFC 9110 section 15.4.5), and Link.
_KEPT: Final = frozenset({b"etag", b"cache-control", b"content-location", b"expires", b"vary", b"link"})


class InvalidEntityTag(InvalidValue):
    """If-Match must be an entity tag as received in ETag, such as "7", or *."""


class InvalidCondition(InvalidValue):
    """Send If-Match with the ETag that you read; If-None-Match may only be *."""


class AnyVersion(int):
    """The versions of an If-Match with several tags: equal to each of them."""

    _versions: frozenset[int]

    def __new__(cls, versions: Iterable[int]) -> Self:
        several = frozenset(versions)
        made = super().__new__(cls, max(several, default=-1))
        made._versions = several
        return made

    def __eq__(self, other: object) -> bool:
        return other in self._versions

    def __ne__(self, other: object) -> bool:
        return other not in self._versions

    __hash__ = int.__hash__


def set_etag(response: Response, version: int, *shown: object) -> None:
    """Set the ETag of a response: the version of the resource, and a digest of `shown`.

    `shown` are values of the response that can change without a new version. If-Match compares only the version, If-None-Match
    the whole tag. Values must have the same `repr` in every process, so pass no sets.
    """
    more = f".{hashlib.sha256(repr(shown).encode()).hexdigest()[:_DIGEST_LENGTH]}" if shown else ""
    response.headers["etag"] = f'"{version}{more}"'


def unless_known(request: Request, response: Response) -> Response:
    """Return the response to a read, or 304 if the client already has it (If-None-Match).

    Raises StaleVersion if If-Match names another version.
    """
    headers, etag = request.headers, response.headers.get("etag")
    if not etag or response.status_code != 200:  # noqa: PLR2004  # as 13.2.1 has it
        return response
    if "if-match" in headers and not is_current(",".join(headers.getlist("if-match")), etag):
        raise StaleVersion(field="If-Match")
    if "if-none-match" not in headers or not is_known(",".join(headers.getlist("if-none-match")), etag):
        return response
    unchanged = Response(status_code=_NOT_MODIFIED)
    unchanged.raw_headers = [(name, value) for name, value in response.raw_headers if name in _KEPT]
    return unchanged


_Field = Annotated[str | None, Header(max_length=1024, examples=['"7"'], description="The ETag of the last read")]


async def _if_match(request: Request, if_match: _Field = None) -> int | None:
    if "if-none-match" not in request.headers:
        return _named(request, if_match)
    # The resource exists, or the response is 404, so If-None-Match: * can never be met. Tags are not supported here.
    if request.headers.getlist("if-none-match") != ["*"]:
        raise InvalidCondition(field="If-None-Match")
    return AnyVersion(())


async def _if_match_or_new(request: Request, if_match: _Field = None) -> int | None:
    return _named(request, if_match)


def _named(request: Request, if_match: str | None) -> int | None:
    if if_match is None:
        return None
    try:
        tags = parse_tags(",".join(request.headers.getlist("if-match")))
    except ValueError:
        raise InvalidEntityTag(field="If-Match") from None
    if tags is None:
        return None
    # The comparison is strong: weak tags and unknown tags match nothing.
    versions = [int(matched[1]) for tag in tags if not tag.weak and (matched := _VERSION.fullmatch(tag.opaque))]
    if not versions:
        raise StaleVersion(field="If-Match")
    return versions[0] if len(versions) == 1 else AnyVersion(versions)


# The version that a change applies to. With If-None-Match: * it equals no version, because the resource exists.
IfMatch = Annotated[int | None, Depends(_if_match)]
# For operations that also create the resource: If-None-Match: * requires that there is no version.
IfMatchOrNew = Annotated[int | None, Depends(_if_match_or_new)]
