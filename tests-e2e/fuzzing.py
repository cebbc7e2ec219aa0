"""Requests to one operation, generated from its description: examples, limits of its schema, and a few random ones."""

from typing import Any

import requests
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SETTINGS = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def each_request(operation: Any, session: requests.Session, url: str, headers: dict[str, str]) -> None:
    """Make the requests. Raises AssertionError for a server error or an undocumented response."""

    def response_is_as_documented(case: Case[Any]) -> None:
        case.validate_response(case.call(base_url=url, session=session, headers=headers), checks=CHECKS)

    project = SchemathesisConfig().projects.default
    config = HypothesisTestConfig(project=project, modes=list(HypothesisTestMode), settings=SETTINGS)
    create_test(operation=operation, test_func=response_is_as_documented, config=config)()
