"""Schemas of the kinds that operators add to a cluster, only with the fields that we use: Kubernetes has no schemas of them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]
Duration = Annotated[str, Field(pattern=r"^(\d+h)?(\d+m)?(\d+s)?$", min_length=2)]


class Strict(BaseModel):
    """In camel case, as in manifests. Unknown keys are refused, as by an API server with strict validation."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Metadata(Strict):
    name: Name
    namespace: Name
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class SecretStoreRef(Strict):
    kind: Literal["SecretStore", "ClusterSecretStore"]
    name: Name


class Target(Strict):
    name: Name
    creation_policy: Literal["Owner", "Orphan", "Merge", "None"]


class Entry(Strict):
    key: str = Field(min_length=1)


class Extraction(Strict):
    extract: Entry


class ExternalSecretSpec(Strict):
    refresh_interval: Duration
    secret_store_ref: SecretStoreRef
    target: Target
    data_from: list[Extraction] = Field(min_length=1)


class ExternalSecret(Strict):
    """https://external-secrets.io/latest/api/externalsecret/."""

    api_version: Literal["external-secrets.io/v1"]
    kind: Literal["ExternalSecret"]
    metadata: Metadata
    spec: ExternalSecretSpec


class PrivateKey(Strict):
    algorithm: Literal["ECDSA"]
    size: Literal[256, 384, 521]
    rotation_policy: Literal["Never", "Always"]


class IssuerRef(Strict):
    name: Name
    kind: Literal["Issuer", "ClusterIssuer"]
    group: Literal["cert-manager.io"]


class CertificateSpec(Strict):
    secret_name: Name
    issuer_ref: IssuerRef
    private_key: PrivateKey
    duration: Duration
    renew_before: Duration
    is_ca: bool = Field(default=False, alias="isCA")
    common_name: str = Field(default="", max_length=64)
    dns_names: list[Name] | None = Field(default=None, min_length=1)
    usages: list[Literal["digital signature", "key encipherment", "server auth", "client auth"]] = []


class Certificate(Strict):
    """https://cert-manager.io/docs/reference/api-docs/, of version 1.17."""

    api_version: Literal["cert-manager.io/v1"]
    kind: Literal["Certificate"]
    metadata: Metadata
    spec: CertificateSpec


class SelfSigned(Strict):
    pass


class SelfSignedSpec(Strict):
    self_signed: SelfSigned


class Ca(Strict):
    secret_name: Name


class CaSpec(Strict):
    ca: Ca


class Issuer(Strict):
    """https://cert-manager.io/docs/reference/api-docs/, of version 1.17."""

    api_version: Literal["cert-manager.io/v1"]
    kind: Literal["Issuer"]
    metadata: Metadata
    spec: SelfSignedSpec | CaSpec


MODELS: dict[str, type[Strict]] = {"ExternalSecret": ExternalSecret, "Certificate": Certificate, "Issuer": Issuer}
