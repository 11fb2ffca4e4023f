"""The status page as an admin's browser shows it: before the first traffic, with some, anywhere."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from vestibule.core.model import Reason
from vestibule.watch import page
from vestibule.watch.health import Facts, Health
from vestibule.watch.history import History, Sample
from vestibule.watch.meters import BUCKETS, SIZES
from vestibule.watch.server import Answer, Server

pytestmark = pytest.mark.browser

JID = "vestibule.example.org"
HOSTS = frozenset({"example.org", "example.net"})


@pytest.fixture
def history() -> History:
    """What the page is drawn from; empty at first."""
    return History()


@pytest.fixture
def address(history: History) -> Iterator[str]:
    """Where the page is served."""
    health = Health(JID, HOSTS)
    health.report(Facts(link=True, greeted=frozenset({"example.org"})))

    def answer(query: str) -> Answer:
        text = page.render(JID, health, history, 0.0, day=query == "day")
        return Answer(text, "text/html; charset=utf-8")

    server = Server("127.0.0.1", 0, {"/": answer})
    server.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.stop()


def traffic(history: History) -> None:
    """Fill an hour with every reason there is, and numbers from small to large."""
    for at in range(361):
        checks = Counter({("message", "hold", str(each)): at * n for n, each in enumerate(Reason)})
        latency = tuple(float(at * n) for n in range(len(BUCKETS) + 1))
        sizes = {name: float(7**n * at) for n, name in enumerate(SIZES)}
        history.add(Sample(1_800_000_000 + at * 10, checks, latency, sizes, at, link=True))


def overlapping(plot: WebElement) -> list[tuple[str, str]]:
    """Return the labels of a plot that stand in each other's way."""
    labels = [(each.text, box(each)) for each in plot.find_elements(By.TAG_NAME, "text")]
    return [
        (one, other)
        for (one, a), (other, b) in combinations(labels, 2)
        if a["left"] < b["right"]
        and b["left"] < a["right"]
        and a["top"] < b["bottom"]
        and b["top"] < a["bottom"]
    ]


def box(element: WebElement) -> Any:
    """Return where an element is on the screen."""
    return element.parent.execute_script(
        "return arguments[0].getBoundingClientRect().toJSON()", element
    )


def test_before_the_first_traffic_it_says_so(driver: Chrome, address: str) -> None:
    driver.get(address)

    assert "the first points appear" in driver.find_element(By.TAG_NAME, "figure").text
    assert "none yet" in driver.find_element(By.TAG_NAME, "table").text
    assert "gate of example.net has not greeted" in driver.find_element(By.TAG_NAME, "main").text


@pytest.mark.parametrize("width", [1280, 640])
def test_every_label_can_be_read(
    driver: Chrome, address: str, history: History, width: int
) -> None:
    traffic(history)
    driver.set_window_size(width, 1000)
    driver.get(address)
    plots = driver.find_elements(By.TAG_NAME, "svg")

    assert 6 == len(plots)
    for plot in plots:
        assert [] == overlapping(plot)
        frame = box(plot)
        for label in map(box, plot.find_elements(By.TAG_NAME, "text")):
            assert label["height"] > 12
            assert frame["left"] <= label["left"] < label["right"] <= frame["right"]
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_it_is_dark_where_the_admin_has_it_dark(driver: Chrome, address: str) -> None:
    def paper() -> str:
        return driver.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")

    driver.get(address)
    light = paper()
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})

    assert light == "rgba(251, 250, 247, 1)"
    assert paper() == "rgba(20, 24, 31, 1)"


def test_the_browser_has_nothing_to_complain_of(
    driver: Chrome, address: str, history: History
) -> None:
    traffic(history)
    driver.get(f"{address}?day")

    said = driver.get_log("browser")  # type: ignore[no-untyped-call]
    assert [] == [entry for entry in said if "favicon" not in entry["message"]]
