"""Kinds that operators add to a cluster, of which Kubernetes has no schema: the fields that we use, and no others."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]
Duration = Annotated[str, Field(pattern=r"^(\d+h)?(\d+m)?(\d+s)?$", min_length=2)]


class Strict(BaseModel):
    """Written in camel case, as manifests are. Unknown keys are refused, as by an API server that validates strictly."""

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


MODELS: dict[str, type[Strict]] = {"ExternalSecret": ExternalSecret}
