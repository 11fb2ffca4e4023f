"""The demo's page in a browser: three clients, and what a person does and sees in each.

Responsible for the few things a person does in Converse.js, by what stands on the screen.

Must not know the flows.
"""

from typing import Final, Literal

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

_PATIENCE: Final = 15
_CHAT: Final = "converse-chat.chatbox"


class Panel:
    """One person's client."""

    def __init__(self, driver: WebDriver, name: str) -> None:
        self._driver = driver
        self._wait = WebDriverWait(driver, _PATIENCE)
        self._name = name
        self.address = f"{name}@localhost"

    def adds(self, other: "Panel") -> None:
        """Add somebody as a contact."""
        self._click(".dropdown--contacts button")
        self._click(".add-contact")
        self._shown("converse-add-contact-modal input[name=jid]").send_keys(other.address)
        self._click("converse-add-contact-modal button[type=submit]")
        self._wait.until(lambda _: not self._all("converse-add-contact-modal .modal-content"))

    def opens(self, address: str) -> None:
        """Open the chat with one who stands in the list of contacts."""
        self._click(f"#converse-roster a.open-chat[data-jid='{address}']")
        self._shown(f"{_CHAT}[jid='{address}']")

    def writes(self, words: str) -> None:
        """Write into the chat that is open."""
        self._shown(f"{_CHAT} textarea.chat-textarea").send_keys(words + Keys.ENTER)
        self.reads(words)

    def reads(self, words: str) -> None:
        """Wait for *words* in the chat that is open."""
        self._wait.until(lambda _: words in self.chat, f"{self._name}: no “{words}” in the chat")

    def approves(self) -> None:
        """Let in the one whose chat is open, with the client's own button."""
        self._click("converse-contact-approval-alert button.btn-success")
        self._click("converse-accept-contact-request-modal button[type=submit]")

    def asks_the_door(self) -> None:
        """Ask for one's rules, in the door's chat, and wait for the answer.

        All that was sent before has been decided then, and all that was let through is here.
        """
        self._here()
        answered = len(self._all(f"{_CHAT} .chat-msg")) + 2
        self.writes("rules")
        self._wait.until(
            lambda _: len(self._all(f"{_CHAT} .chat-msg")) >= answered,
            f"{self._name}: no answer from the door",
        )

    def sees_online(self, other: "Panel") -> None:
        """Wait for the green dot."""
        self._shown(f"{self._entry(other)} .contact-name--online")

    def sees_no_status(self, other: "Panel") -> bool:
        """Whether somebody stands in the list, and nothing tells whether they are there."""
        self.lists(other)
        return not self._all(f"{self._entry(other)} .chat-status")

    def lists(self, other: "Panel") -> None:
        """Wait until somebody stands in the list of contacts."""
        self._shown(self._entry(other))

    def has_news_of(self, other: "Panel") -> None:
        """Wait until somebody's messages are marked as unread."""
        self._shown(f"{self._entry(other)} .msgs-indicator")

    @property
    def chat(self) -> str:
        """What can be read in the chat that is open."""
        self._here()
        return "\n".join(each.text for each in self._all(f"{_CHAT} .chat-content"))

    def _entry(self, other: "Panel") -> str:
        return f"#converse-roster a.open-chat[data-jid='{other.address}']"

    def _here(self) -> None:
        self._driver.switch_to.default_content()
        self._driver.switch_to.frame(self._name)

    def _all(self, selector: str) -> list[WebElement]:
        return self._driver.find_elements(By.CSS_SELECTOR, selector)

    def _shown(self, selector: str) -> WebElement:
        """Wait for the first element that can be seen."""
        self._here()

        def first(_: WebDriver) -> WebElement | Literal[False]:
            return next((each for each in self._all(selector) if each.is_displayed()), False)

        return self._wait.until(first, f"{self._name}: no {selector}")

    def _click(self, selector: str) -> None:
        self._shown(selector).click()
