"""What the demo's page tells a newcomer to try, tried in a browser, in that order."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from tests.browser.panels import Panel
from tests.support.demo import DEMO, options, staying

from vestibule.demo import converse
from vestibule.sandbox.installation import Installation

pytestmark = [pytest.mark.prosody, pytest.mark.browser]

DOOR = "door@vestibule.localhost"
BLOCKED = "Security Policy"  # the word for what a page asks elsewhere and does not get


@pytest.fixture
def page(installation: Installation, driver: Chrome, tmp_path: Path) -> Iterator[Chrome]:
    """The page of a demo that has been left to us."""
    with staying((*DEMO, *options(installation)), tmp_path):
        output = (tmp_path / "output").read_text()
        address = re.search(r"In a browser.* (http://127\.0\.0\.1:\d+/)", output)
        assert address, output
        driver.get(address[1])
        yield driver


@pytest.mark.servers("0.12", "13.0")
def test_what_the_page_says_comes_true(
    page: Chrome, installation: Installation, pictures: Path | None
) -> None:
    alice, bob, carol = (Panel(page, name) for name in ("alice", "bob", "carol"))
    text = page.find_element(By.TAG_NAME, "main").text
    for version in (f"Prosody {installation.version}", f"Converse.js {converse.VERSION}"):
        assert version in text

    # 1. An open door
    alice.adds(carol)
    alice.sees_online(carol)
    carol.reads("alice@localhost added you")
    alice.opens(carol.address)
    alice.writes("Hello Carol!")
    carol.has_news_of(alice)

    # 2. A doorbell
    alice.adds(bob)
    assert alice.sees_no_status(bob)
    alice.opens(bob.address)
    alice.writes("Bob, are you there?")
    bob.reads("alice@localhost wants to see your status")
    alice.opens(DOOR)
    alice.asks_the_door()
    bob.lists(alice)
    assert alice.sees_no_status(bob)

    bob.writes("accept")
    bob.reads("1 message is on its way to you")
    alice.sees_online(bob)
    bob.has_news_of(alice)
    if pictures:
        alice.opens(bob.address)
        page.save_screenshot(str(pictures / "demo-page.png"))
        alice.opens(DOOR)
    bob.opens(alice.address)
    bob.reads("Bob, are you there?")
    assert 1 == bob.chat.count("Bob, are you there?")

    # 3. Enough
    carol.writes("block")
    carol.reads("is blocked")
    alice.opens(carol.address)
    alice.writes("Carol, again?")
    alice.opens(DOOR)
    alice.asks_the_door()
    carol.asks_the_door()
    carol.opens(alice.address)
    carol.reads("Hello Carol!")
    assert "Carol, again?" not in carol.chat

    # The client's own buttons do, too
    carol.adds(bob)
    bob.opens(carol.address)
    bob.approves()
    carol.sees_online(bob)

    said = page.get_log("browser")  # type: ignore[no-untyped-call]
    assert [] == [entry for entry in said if BLOCKED in entry["message"]]
