"""The names of settings that every process knows are those of the settings classes."""

import pytest

from chassis.process_settings import ProcessSettings, variable
from chassis.setting_names import OF_ONE_PROCESS
from chassis.settings import ServiceSettings
from compliance.settings import ComplianceSettings
from gateway.settings import GatewaySettings
from governance.settings import GovernanceSettings
from identity.settings import IdentitySettings
from payments.settings import PaymentsSettings

KINDS = (IdentitySettings, PaymentsSettings, GovernanceSettings, ComplianceSettings, GatewaySettings)


def test_the_names_of_settings_of_one_process_are_those_of_the_classes() -> None:
    names = {variable(name) for kind in KINDS for name in kind.model_fields}
    of_every_service = {variable(name) for name in ServiceSettings.model_fields}
    assert sorted(OF_ONE_PROCESS) == sorted(names - of_every_service), "enter it in chassis/setting_names.py"


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_can_be_read(kind: type[ProcessSettings]) -> None:
    assert kind(environment="local").environment == "local"
