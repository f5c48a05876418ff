"""Settings of all tests: hypothesis profiles, the seed in the report, and no skipped test where CI says that it is CI.

``CCROUTE_HYPOTHESIS`` chooses the profile. A test that needs another number of examples scales the profile's:
``settings(max_examples=settings.default.max_examples * 5)``.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import PostgresServer

SKIPS_ARE_FAILURES = os.environ.get("CI", "").lower() in {"1", "true"}

# No deadline: the builds under test differ in speed by a factor of ten. The blob repeats a failure exactly.
settings.register_profile("default", max_examples=100, deadline=None, print_blob=True)
settings.register_profile(
    "brief", settings.get_profile("default"), max_examples=20, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "nightly", settings.get_profile("default"), max_examples=3_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("CCROUTE_HYPOTHESIS", "default"))


def pytest_report_header(config: pytest.Config) -> str:
    """Tell the seed and the profile, which repeat the run."""
    seed = config.getoption("--hypothesis-seed", default=None)
    return f"ccroute: hypothesis profile {os.environ.get('CCROUTE_HYPOTHESIS', 'default')}, seed {seed}"


def _without_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    # An expected failure is reported as skipped too, but it ran.
    if SKIPS_ARE_FAILURES and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Turn a skipped test into a failed one in CI."""
    report = yield
    _without_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    """Turn a skipped module into a failed one in CI."""
    report = yield
    _without_skip(report)
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Run one PostgreSQL server for the session; skip where none can run."""
    try:
        server = PostgresServer()
    except (ModuleNotFoundError, OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no PostgreSQL server can run here: {error}")
    try:
        yield server
    finally:
        server.remove()
