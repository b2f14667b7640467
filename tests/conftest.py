"""Shared by all tests: in CI, a skip is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator

import hypothesis
import pytest

# How long an example takes depends on the machine: no test is timed.
hypothesis.settings.register_profile("banc", deadline=None)
hypothesis.settings.load_profile("banc")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure in CI: a witness that did not run proves nothing."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} a été sauté en CI : {reason}"
    return report


_WAITING = ("tests/defects/test_features.py",)
"""Played first: they wait on slow services more than they work, while others work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what lasts longest, so that no worker ends alone."""
    items.sort(key=lambda item: not item.nodeid.startswith(_WAITING))
