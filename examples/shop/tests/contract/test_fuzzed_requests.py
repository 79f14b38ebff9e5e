"""Every operation of the OpenAPI document under made-up requests: the same ones in every run.

There is one test for each operation, so the application and schemathesis are imported while tests are
collected, which every suite pays for that collects this file.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.config import (
    CoveragePhaseConfig,
    ExamplesPhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from shop.service import app

pytestmark = pytest.mark.contract

load_all_checks()

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


#: Only the fuzzing phase: how many requests the others send isn't ours to set.
CONFIG = SchemathesisConfig(
    seed=1,
    projects=ProjectsConfig(
        default=ProjectConfig(
            generation=GenerationConfig(deterministic=True, database="none"),
            phases=PhasesConfig(
                examples=ExamplesPhaseConfig(enabled=False), coverage=CoveragePhaseConfig(enabled=False)
            ),
        )
    ),
)

document = schemathesis.openapi.from_asgi("/openapi.json", app, config=CONFIG)


@document.parametrize()
@settings(
    derandomize=True,
    database=None,
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.usefixtures("service", "cheap_passwords")
def test_service_keeps_its_promises(case: schemathesis.Case) -> None:
    """No request ends in a server error, an undocumented status or a body that the document doesn't allow."""
    case.call_and_validate(checks=CHECKS)
