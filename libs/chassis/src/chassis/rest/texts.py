"""The kinds of strings and times in requests. Every string field must have one; a test checks this.

Put the kind last among a field's annotations, so that lengths apply to the stored text: `Annotated[str, Field(max_length=140),
ONE_LINE]`. A string whose pattern allows only ASCII needs no kind.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from kernel.texts import read_line, read_line_as_sent, read_lines, read_reason

# RFC 3339, section 5.6. pydantic also accepts numbers and digits as Unix times, and dates without a time.
_DATE_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_FULL_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _one_line(value: Any) -> Any:
    return read_line(value) if isinstance(value, str) else value


def _as_sent(value: Any) -> Any:
    return read_line_as_sent(value) if isinstance(value, str) else value


def _several_lines(value: Any) -> Any:
    return read_lines(value) if isinstance(value, str) else value


def _reason(value: Any) -> Any:
    return read_reason(value) if isinstance(value, str) else value


def _one_line_reason(value: Any) -> Any:
    return read_reason(value, one_line=True) if isinstance(value, str) else value


def _verbatim(value: Any) -> Any:
    return value


def _date_time(value: Any) -> Any:
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        raise ValueError("A time must be an RFC 3339 string, such as 2026-03-21T08:00:00Z")
    return value


def _full_date(value: Any) -> Any:
    if not isinstance(value, str) or not _FULL_DATE.fullmatch(value):
        raise ValueError("A day must be a string such as 2026-03-21")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # The first or last possible day in its own zone is out of range in UTC.
        raise ValueError("a time from the year 1 to the year 9999, in UTC") from None


# Names, references, search words: one line, stored and searched in NFC.
ONE_LINE: Final = BeforeValidator(_one_line)
# Usernames, currency codes, wallet addresses: must be ASCII as sent, but NFC would turn a KELVIN SIGN into ASCII.
AS_SENT: Final = BeforeValidator(_as_sent)
# Descriptions and notes: line feeds and tabs are kept.
SEVERAL_LINES: Final = BeforeValidator(_several_lines)
# Reasons: not blank, without surrounding space.
REASON: Final = BeforeValidator(_reason)
# A reason that becomes the description of a transfer, which is one line.
ONE_LINE_REASON: Final = BeforeValidator(_one_line_reason)
# Passwords, tokens and signatures: compared as sent. The password policy defines how passwords are normalised.
VERBATIM: Final = BeforeValidator(_verbatim)

Moment = Annotated[AwareDatetime, AfterValidator(_in_utc), BeforeValidator(_date_time)]
Day = Annotated[date, BeforeValidator(_full_date)]

TEXT_KINDS: Final = frozenset({_one_line, _as_sent, _several_lines, _reason, _one_line_reason, _verbatim})
TIME_KINDS: Final = frozenset({_date_time, _full_date})
