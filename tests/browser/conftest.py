"""A headless Chromium that reaches nothing but this machine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver import Chrome

from vestibule.demo.converse import converse
from vestibule.sandbox.errors import SandboxError

_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # in CI we are root
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--lang=en",
    "--window-size=1440,1000",
)


@pytest.fixture(scope="session")
def chromium(pytestconfig: pytest.Config) -> tuple[str, str]:
    """The programs: browser and driver; what is missing fails where everything is required."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    missing = ""
    if not browser or not driver:
        missing = "Debian's chromium and chromium-driver are not installed"
    try:
        converse()
    except SandboxError as error:
        missing = missing or str(error)
    if browser and driver and not missing:
        return browser, driver
    if pytestconfig.option.require_all or os.environ.get("CI") == "true":
        pytest.fail(f"a browser is required: {missing}", pytrace=False)
    pytest.skip(f"NOT TESTED in a browser: {missing}")


@pytest.fixture
def driver(chromium: tuple[str, str], tmp_path: Path) -> Iterator[Chrome]:
    """A browser with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium[0]
    for argument in (*_ARGUMENTS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = Chrome(options, webdriver.ChromeService(chromium[1]))
    yield running
    running.quit()
