from pathlib import Path
from typing import ClassVar

from pydantic import SecretStr

from chassis.settings import ServiceSettings, read_key


class GovernanceSettings(ServiceSettings):
    NAME: ClassVar[str] = "governance"
    PEERS: ClassVar[tuple[str, ...]] = ("identity", "compliance")
    KEYS: ClassVar[tuple[str, ...]] = (*ServiceSettings.KEYS, "report_key")

    rest_port: int = 8103
    grpc_port: int = 9103
    ops_port: int = 8203

    # The secret from which the key is derived that signs the reports of access reviews.
    report_key: SecretStr = SecretStr("")
    report_key_file: Path | None = None

    def report_secret(self) -> bytes:
        """Return 32 bytes."""
        return read_key("REPORT_KEY", self.report_key, self.report_key_file)
