"""All use cases of compliance: the table of contents."""

from dataclasses import dataclass

from compliance.application.audit import Audit
from compliance.application.erasures import Erasures
from compliance.application.screening import Screening


@dataclass(frozen=True, slots=True)
class Compliance:
    audit: Audit
    screening: Screening
    erasures: Erasures
