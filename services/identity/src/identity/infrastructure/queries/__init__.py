"""Reads, by hand-written SQL; personal data is opened here and nowhere kept."""

from identity.infrastructure.queries.accounts import SqlAccountQueries
from identity.infrastructure.queries.addresses import SqlAddressQueries
from identity.infrastructure.queries.device_keys import SqlDeviceKeyQueries
from identity.infrastructure.queries.factors import SqlFactorQueries
from identity.infrastructure.queries.keys import SqlKeyQueries
from identity.infrastructure.queries.messages import SqlMessageQueries
from identity.infrastructure.queries.privacy import SqlPrivacyQueries
from identity.infrastructure.queries.recovery import SqlRecoveryQueries
from identity.infrastructure.queries.sessions import SqlSessionQueries


class SqlIdentityQueries(
    SqlAccountQueries,
    SqlSessionQueries,
    SqlAddressQueries,
    SqlKeyQueries,
    SqlMessageQueries,
    SqlDeviceKeyQueries,
    SqlFactorQueries,
    SqlRecoveryQueries,
    SqlPrivacyQueries,
):
    """All that identity can be asked, of one database."""
