"""Every operation of the OpenAPI document under made-up requests: the same ones in every run.

Half of the well-formed requests are aimed at things that exist, or nearly all would end in a 404.
There is one test for each operation, so the application and schemathesis are imported while tests are
collected, which every suite pays for that collects this file.
"""

import re
from collections.abc import Callable
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.config import (
    GenerationConfig,
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
from sqlalchemy.orm import Session

from shop.models import Order
from shop.payments import authorize
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


CONFIG = SchemathesisConfig(
    seed=1,
    projects=ProjectsConfig(
        default=ProjectConfig(generation=GenerationConfig(deterministic=True, database="none"))
    ),
)
OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_asgi("/openapi.json", app, config=CONFIG).get_all_operations()
]

#: Requests for each operation, the same ones in every run.
EXAMPLES = 10
REPEATABLE = settings(
    derandomize=True,
    database=None,
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

#: What a well-formed name of a thing looks like; anything else in its place is malformed on purpose.
WELL_FORMED = {
    "sku": re.compile(r"[A-Z]{3}-[0-9]{4,6}"),
    "number": re.compile(r"S[0-9]{8}"),
    "customer_id": re.compile(r"[1-9][0-9]{0,18}"),
    "payment_id": re.compile(r"[1-9][0-9]{0,18}"),
}


@pytest.fixture
def known(session: Session, make_order: Callable[..., Order]) -> dict[str, object]:
    """Return the names of things that exist: a product, a customer, an order and its payment."""
    order = make_order()
    payment = authorize(session, order, reference="psp-0001")
    session.commit()
    return {
        "sku": "KIT-00001",
        "number": order.number,
        "customer_id": order.customer_id,
        "payment_id": payment.id,
    }


def aimed(value: Any, known: dict[str, object]) -> Any:
    """Put the names of things that exist in the place of well-formed ones that were made up."""
    if isinstance(value, dict):
        return {
            key: known[key] if key in known and WELL_FORMED[key].fullmatch(str(item)) else aimed(item, known)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [aimed(item, known) for item in value]
    return value


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@pytest.mark.usefixtures("cheap_passwords")
def test_service_keeps_its_promises(operation: schemathesis.APIOperation, known: dict[str, object]) -> None:
    """No request ends in a server error, an undocumented status or a body that the document doesn't allow."""
    requests = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @REPEATABLE
    @given(case=requests)
    def keeps_its_promises(case: schemathesis.Case) -> None:
        if crc32(repr((case.path_parameters, case.body)).encode()) % 2:
            case.path_parameters = aimed(case.path_parameters, known)
            case.body = aimed(case.body, known)
        case.call_and_validate(checks=CHECKS)

    keeps_its_promises()
