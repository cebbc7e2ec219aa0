"""Entity tags, and the lists of them in conditional requests (RFC 9110 sections 8.8.3 and 13.1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# One tag of a list. Commas separate tags, and a tag may contain commas.
_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)')
_BETWEEN: Final = " \t,"


@dataclass(frozen=True, slots=True)
class EntityTag:
    """`opaque` is the text between the quotes."""

    opaque: str
    weak: bool = False


def parse_tags(field: str) -> Sequence[EntityTag] | None:
    """Return the tags of If-Match or If-None-Match, None for `*`; raises ValueError for any other text."""
    if field.strip() == "*":
        return None
    tags, position = [], 0
    while position < len(field):
        if field[position] in _BETWEEN:
            position += 1
            continue
        found = _TAG.match(field, position)
        if not found:
            raise ValueError("not an entity tag")
        tags.append(EntityTag(found[2], weak=bool(found[1])))
        position = found.end()
    if not tags:
        raise ValueError("no entity tag")
    return tags


def is_current(if_match: str, etag: str) -> bool:
    """Return whether If-Match matches `etag`. The comparison is strong; a malformed field matches nothing."""
    try:
        named, (current,) = parse_tags(if_match), parse_tags(etag) or ()
    except ValueError:
        return False
    return named is None or (current in named and not current.weak)


def is_known(if_none_match: str, etag: str) -> bool:
    """Return whether the client already has the version `etag`. The comparison is weak; a malformed field matches nothing."""
    try:
        known, (current,) = parse_tags(if_none_match), parse_tags(etag) or ()
    except ValueError:
        return False
    return known is None or any(tag.opaque == current.opaque for tag in known)
