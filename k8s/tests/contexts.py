"""The settings of every service, which name it, its peers and its environment."""

from chassis.settings import ServiceSettings
from compliance.settings import ComplianceSettings
from governance.settings import GovernanceSettings
from identity.settings import IdentitySettings
from payments.settings import PaymentsSettings

SETTINGS: tuple[type[ServiceSettings], ...] = (IdentitySettings, PaymentsSettings, GovernanceSettings, ComplianceSettings)
