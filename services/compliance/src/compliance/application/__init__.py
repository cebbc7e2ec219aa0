"""All use cases of compliance: the table of contents."""

from dataclasses import dataclass

from compliance.application.audit import Audit
from compliance.application.decisions import Decisions
from compliance.application.erasures import Erasures
from compliance.application.screening import Screening


@dataclass(frozen=True, slots=True)
class Compliance:
    audit: Audit
    decisions: Decisions
    screening: Screening
    erasures: Erasures
