"""Second factors."""

from chassis.wiring import wire
from identity.application.factors import Factors
from identity.application.factors.totp_setup import ConfirmSetup
from identity.wiring.dependencies import Dependencies


def factors(given: Dependencies) -> Factors:
    codes, backup, record_added_factor = given.totp_codes, given.backup_codes, given.record_added_factor
    return wire(
        Factors,
        uow=given.uow,
        views=given.views.factors,
        codes=codes,
        backup=backup,
        secrets=given.secrets,
        confirm_setup=ConfirmSetup(codes=codes, backup=backup, record_added_factor=record_added_factor),
        record_removed_factor=given.record_removed_factor,
        end_sessions=given.end_sessions,
        clock=given.clock,
    )
