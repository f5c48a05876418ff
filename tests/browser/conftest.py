"""A browser for all tests of this folder, and a desk for each.

Playwright's synchronous interface keeps an event loop in this thread as long as it lives, in which no other can run: it
ends with the folder, and nothing in here uses anyio.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.desks import CONFIG, DeskProcess
from tests.browser.people import Visitor

# As few calls to the outside as may be, and no sandbox for root, under whom Chromium has none.
CHROMIUM_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Start Chromium; skip where there is none."""
    path = shutil.which(os.environ.get("CCROUTE_BROWSER", "chromium"))
    if path is None:
        pytest.skip("there is no Chromium here; on Debian: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[DeskProcess]:
    """Serve a desk of this test's own, with another configuration if the test says so."""
    desk = DeskProcess(tmp_path, getattr(request, "param", CONFIG))
    desk.add_users()
    desk.make_vip("ada")
    desk.start()
    yield desk
    desk.stop()


@pytest.fixture
def visit(chromium: Browser, desk: DeskProcess) -> Iterator[Callable[..., Visitor]]:
    """Give browsers of their own to the people of a test; what goes wrong in one of their pages fails the test."""
    visitors: list[Visitor] = []

    def come(kind: type[Visitor], **options: object) -> Visitor:
        visitors.append(kind(chromium, desk.address, **options))
        return visitors[-1]

    yield come
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for visitor in visitors:
        visitor.leave()
    assert faults == []
