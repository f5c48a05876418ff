"""Who sits in front of the pages, and what they do there: customers, agents, a supervisor."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, expect

from tests.browser.desks import PASSWORD

# Other tests may run beside these.
expect.set_options(timeout=20_000)

# Expected of a page that loses its server, or asks who is signed in when nobody is.
HARMLESS = re.compile(r"status of 401|WebSocket connection to|ERR_CONNECTION_REFUSED|status of 409")


class Visitor:
    """Somebody with a browser of their own: cookies and storage are nobody else's."""

    path = "/"

    def __init__(
        self, browser: Browser, address: str, *, width: int = 1280, height: int = 800, scheme: Any = "light"
    ) -> None:
        self.address = address
        self.faults: list[str] = []
        """What went wrong in the pages."""
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB", reduced_motion="reduce"
        )
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._listen)
        self.page.goto(address + self.path)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not HARMLESS.search(message.text):
            self.faults.append(message.text)

    def leave(self) -> None:
        """Close the browser, as at a power cut: nothing is signed out."""
        self.context.close()

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Fill in the form."""
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def button(self, name: str, *, exact: bool = True) -> Locator:
        """Return a button by what is written on it."""
        return self.page.get_by_role("button", name=name, exact=exact)

    def barriers(self) -> list[str]:
        """Return what keeps people from using the page as it is, by axe-core."""
        found = Axe().run(self.page).response["violations"]
        return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


class Customer(Visitor):
    """Chats on the company's site."""

    def begin(self, text: str, *, topic: str = "Support", name: str | None = None) -> None:
        """Open the chat, choose what it is about, and say the first thing."""
        self.button("Chat with us").click()
        self.page.get_by_role("radio", name=topic).check()
        if name is not None:
            self.page.get_by_label("Your name").fill(name)
        self.say(text)

    def say(self, text: str) -> None:
        """Write something and send it."""
        self.page.get_by_label("Your message").fill(text)
        self.page.keyboard.press("Enter")

    @property
    def log(self) -> Locator:
        """What was said."""
        return self.page.get_by_role("log")

    @property
    def banner(self) -> Locator:
        """What the page says of the conversation."""
        return self.page.locator(".banner")

    def said(self) -> list[str]:
        """Return what was said, by customer and agents, in order."""
        return [text for _, text in self.told()]

    def told(self) -> list[tuple[str, str]]:
        """Return who said what, without the bot."""
        return spoken(self.log)


class Agent(Visitor):
    """Works at the desk."""

    path = "/agent"

    def be(self, presence: str) -> None:
        """Choose a presence."""
        self.page.get_by_label("Presence").select_option(label=presence)

    @property
    def offer(self) -> Locator:
        """The offers that stand."""
        return self.page.locator("[data-offer]")

    def accept(self) -> None:
        """Accept the first offer, with the key."""
        expect(self.offer.first).to_be_visible()
        self.page.keyboard.press("Alt+a")

    def chat(self, name: str) -> Locator:
        """Return the chat with somebody."""
        return self.page.get_by_role("article", name=f"Chat with {name}")

    def say(self, name: str, text: str) -> None:
        """Write something to somebody."""
        self.chat(name).get_by_role("textbox", name="Message to").fill(text)
        self.page.keyboard.press("Enter")

    def told(self, name: str) -> list[tuple[str, str]]:
        """Return who said what in a chat, without the bot."""
        return spoken(self.chat(name).get_by_role("log"))


class Supervisor(Visitor):
    """Watches the board."""

    path = "/supervisor"

    def queue(self, queue_id: str) -> Locator:
        """Return the row of a queue."""
        return self.page.locator(f"[data-queue={queue_id}]")

    def row(self, table: str, name: str) -> Locator:
        """Return somebody's row in ``Waiting`` or ``In conversation``."""
        return self.page.get_by_role("region", name=table, exact=True).get_by_role("row").filter(has_text=name)

    def waiting(self) -> list[str]:
        """Return who waits, first come first."""
        return self.page.get_by_role("region", name="Waiting", exact=True).get_by_role("rowheader").all_inner_texts()


def spoken(log: Locator) -> list[tuple[str, str]]:
    """Return who said what in a log, without the bot."""
    found = log.locator(".entry:not(.bot) .bubble").evaluate_all("bubbles => bubbles.map(bubble => bubble.textContent)")
    return [(who, text) for who, _, text in (bubble.partition(": ") for bubble in found)]
