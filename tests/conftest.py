"""Shared by all tests."""

from hypothesis import HealthCheck, settings

pytest_plugins = ("pytester",)

# The machine may be busy with other work; how long an example takes says nothing about the code.
settings.register_profile("paceline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("paceline")
