"""The browser of the system, for tests that drive it themselves."""

import shutil
from contextlib import contextmanager

import pytest


@contextmanager
def chromium():
    """A running browser; without one the test is left out, which fails in CI."""
    # imported here: without a browser the other tests of a file still run
    from playwright.sync_api import sync_playwright
    from screenshots import BROWSER_ARGUMENTS, BROWSERS

    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not executable:
        pytest.skip("no chromium: browser test left out")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=BROWSER_ARGUMENTS
        )
        yield browser
        browser.close()
