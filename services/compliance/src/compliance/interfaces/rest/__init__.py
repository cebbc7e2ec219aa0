"""Compliance's REST API."""

from compliance.interfaces.rest.audit import audit
from compliance.interfaces.rest.screening import screening

ROUTERS = (audit, screening)
