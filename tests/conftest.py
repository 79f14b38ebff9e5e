"""Shared by all tests."""

import signal

from hypothesis import HealthCheck, settings

pytest_plugins = ("pytester",)

# The machine may be busy with other work; how long an example takes says nothing about the code.
settings.register_profile("paceline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("paceline")

# What a shell starts in the background ignores Ctrl-C, as do its children; the tests send it to theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
