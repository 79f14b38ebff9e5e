"""Statements of Django are recorded with the line of the project that sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.recorded import needs
from tests.harness.spent import counts, line_of, operations, value

if TYPE_CHECKING:
    from tests.harness.recorded import RecordedProject

_MODELS = """
from django.db import models, transaction

class Order(models.Model):
    class Meta:
        app_label = "shop"

class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    class Meta:
        app_label = "shop"

def fill():
    with transaction.atomic():
        for _ in range(3):
            Line.objects.create(order=Order.objects.create())  # fill

def total():
    return sum(line.order.pk for line in Line.objects.all())  # one by one
"""


def test_statements_of_django(project: RecordedProject) -> None:
    """Repeated statements are counted at their line, a savepoint as a statement."""
    needs("django", "pytest_django")
    project.file("shop/__init__.py", "")
    project.file("shop/models.py", _MODELS)
    project.file(
        "settings.py",
        """
SECRET_KEY = "x"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
""",
    )
    project.file(
        "test_shop.py",
        """
import pytest
from shop import models

@pytest.mark.django_db
def test_it():
    models.fill()
    assert models.total() == 6

@pytest.mark.django_db(transaction=True)
def test_transaction():
    models.fill()
""",
    )
    options = 'pythonpath = ["."]\nDJANGO_SETTINGS_MODULE = "settings"'
    project.configure(pytest_options=options)
    recorded = project.pytest(plugins=("pytest_django.plugin", "paceline"))
    assert recorded.ret == 0, recorded.output
    test = recorded.test("test_it")
    found = counts(operations(test))
    line = f"shop/models.py:{line_of(_MODELS, 'one by one')}"
    select = 'SELECT "shop_order"."id" FROM "shop_order" WHERE "shop_order"."id" = ? LIMIT ?'
    assert found[select, line] == 3
    created = f"shop/models.py:{line_of(_MODELS, '# fill')}"
    assert sum(count for (what, where), count in found.items() if where == created and "INSERT" in what) == 6
    assert {what for what, _ in found if "SAVEPOINT" in what} == {"SAVEPOINT ?", "RELEASE SAVEPOINT ?"}
    assert value(test, "sql_statements") == 12
    committed = recorded.test("test_transaction")
    assert value(committed, "sql_transactions") == 1
    assert sum(each.count for each in operations(committed) if each.what == "COMMIT") == 1
