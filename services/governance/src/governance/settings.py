from typing import ClassVar

from chassis.settings import ServiceSettings


class GovernanceSettings(ServiceSettings):
    NAME: ClassVar[str] = "governance"
    PEERS: ClassVar[tuple[str, ...]] = ("identity", "compliance")

    rest_port: int = 8103
    grpc_port: int = 9103
    ops_port: int = 8203
