"""What the process that decides knows about every request: elcorp.platform.v1.RequestEnvironment."""

from datetime import UTC, datetime
from ipaddress import ip_address

from chassis.business_time.namibia import NAMIBIAN_TIME
from elcorp.platform.v1.policy_questions_pb2 import RequestEnvironment
from kernel.actor import Actor
from kernel.assurance import MULTI_FACTOR
from kernel.business_time import SpecialDays

# For a session whose sign-in is not known: longer ago than any policy accepts.
LONG_AGO_MINUTES = 1_000_000


def environment_of(actor: Actor, at: datetime, *, special_days: SpecialDays) -> RequestEnvironment:
    """Describe a request of an actor at a time. A malformed address counts as none."""
    local = at.astimezone(NAMIBIAN_TIME)
    special = special_days(local.date())
    signed_in = actor.authenticated_at
    return RequestEnvironment(
        interactive=actor.session_id is not None,
        # In whole minutes, so that equal questions within a minute are decided once.
        now=f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:00Z}",
        minute_of_day=local.hour * 60 + local.minute,
        weekday=local.isoweekday(),
        public_holiday=special is not None and not special.is_open,
        ip=_address(actor.ip),
        two_factors=MULTI_FACTOR in actor.methods,
        minutes_since_sign_in=int((at - signed_in).total_seconds()) // 60 if signed_in else LONG_AGO_MINUTES,
    )


def _address(given: str) -> str | None:
    try:
        address = ip_address(given)
    except ValueError:
        return None
    # IPv4 in the form of IPv6 is in no IPv4 network for Cedar; a zone ("%eth0") is no part of the address.
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address).partition("%")[0]
