"""What an environment provides to an overlay: Secrets, as the project's own script and the cluster's operators make them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.testing.certificates import Authority
from k8s.tests.rendering import Document, kind
from k8s.tests.secret_values import Values, secret_values

BACKING_NAMESPACE = "elcorp-data"


@dataclass
class Environment:
    """`authority` certifies the services, their servers and the mail relay. `vault` holds the Secrets' values by entry."""

    overlay: str
    authority: Authority
    passwords: dict[str, str] = field(default_factory=dict)
    vault: Values = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = secret_values(self.overlay)
        self.passwords = {key: value for secret in values[BACKING_NAMESPACE].values() for key, value in secret.items()}
        self.vault = {f"elcorp/{secret}": entry for secret, entry in values["elcorp"].items()}
        # Values that the script leaves to others.
        self.vault["elcorp/backing-ca"] = {"ca.crt": self.authority.file.read_text()}
        self.vault["elcorp/identity-runtime"]["smtp-password"] = "relay-Zk3vQ"

    def secrets(self, documents: list[Document]) -> Values:
        """Make the namespace's Secrets: those of the overlay's vault entries and certificates, or else the whole vault."""
        made: Values = {}
        for each in kind(documents, "ExternalSecret"):
            [source] = each["spec"]["dataFrom"]
            made[each["spec"]["target"]["name"]] = dict(self.vault[source["extract"]["key"]])
        for each in (each for each in kind(documents, "Certificate") if not each["spec"].get("isCA")):
            made[each["spec"]["secretName"]] = self.certificate(each["spec"]["dnsNames"])
        if made:
            # The issuer of PostgreSQL's certificate makes this one.
            made["pooler-tls"] = self.certificate(["pooler"])
        return made or {secret.partition("/")[2]: dict(entry) for secret, entry in self.vault.items()}

    def certificate(self, names: Sequence[str]) -> dict[str, str]:
        issued = self.authority.issue(*names)
        files = {"tls.crt": "tls_cert_file", "tls.key": "tls_key_file", "ca.crt": "tls_ca_file"}
        return {file: issued[setting].read_text() for file, setting in files.items()}

    @property
    def admin_password(self) -> str:
        return self.vault["elcorp/identity-runtime"]["admin-password"]
