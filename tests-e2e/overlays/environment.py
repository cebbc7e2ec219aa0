"""What an environment provides to an overlay: Secrets, as the project's script and the cluster's operators create them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from chassis.testing.certificates import Authority
from k8s.tests.rendering import Document, kind
from k8s.tests.secret_values import Values, secret_values

BACKING_NAMESPACE = "elcorp-data"


@dataclass(frozen=True)
class Authorities:
    """The authorities of servers: one for the backing servers and the pooler, another for the mail relay and the bucket."""

    servers: Authority
    public: Authority

    @classmethod
    def make(cls, folder: Path) -> Self:
        return cls(make_authority(folder / "servers"), make_authority(folder / "public"))


def make_authority(folder: Path) -> Authority:
    folder.mkdir()
    return Authority(folder)


@dataclass
class Environment:
    """`services` signs the services' certificates. `vault` holds the Secrets' values by entry."""

    overlay: str
    authorities: Authorities
    services: Authority
    passwords: dict[str, str] = field(default_factory=dict)
    vault: Values = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = secret_values(self.overlay)
        self.passwords = {key: value for secret in values[BACKING_NAMESPACE].values() for key, value in secret.items()}
        self.vault = {f"elcorp/{secret}": entry for secret, entry in values["elcorp"].items()}
        # Values that the script does not create.
        self.vault["elcorp/backing-ca"] = {"ca.crt": self.authorities.servers.pem.decode()}
        self.vault["elcorp/identity-runtime"]["smtp-password"] = "relay-Zk3vQ"
        self.vault["elcorp/payments-runtime"] |= {
            "objects-access-key-id": "payments",
            "objects-secret-access-key": "objects-Zk3vQ",
        }

    def secrets(self, documents: list[Document]) -> Values:
        """Create the namespace's Secrets: those of the overlay's vault entries and certificates, or else the whole vault."""
        made: Values = {}
        for each in kind(documents, "ExternalSecret"):
            [source] = each["spec"]["dataFrom"]
            made[each["spec"]["target"]["name"]] = dict(self.vault[source["extract"]["key"]])
        for each in (each for each in kind(documents, "Certificate") if not each["spec"].get("isCA")):
            made[each["spec"]["secretName"]] = certificate(self.services, each["spec"]["dnsNames"])
        if made:
            # The issuer of PostgreSQL's certificate makes this one.
            made["pooler-tls"] = certificate(self.authorities.servers, ["pooler"])
        return made or {secret.partition("/")[2]: dict(entry) for secret, entry in self.vault.items()}

    @property
    def admin_password(self) -> str:
        return self.vault["elcorp/identity-runtime"]["admin-password"]


def certificate(authority: Authority, names: Sequence[str]) -> dict[str, str]:
    """Issue a certificate, as the files of its Secret."""
    issued = authority.certify(*names)
    return {"tls.crt": issued.certificate.decode(), "tls.key": issued.key.decode(), "ca.crt": authority.pem.decode()}
