"""Takes the pictures of the pages that the documentation shows: ``python -m tests.browser.pictures``.

A desk with people in it who were made up; look at the pictures before you commit them. Needs Pillow (extra ``bench``).
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_ARGUMENTS
from tests.browser.desks import CONFIG, ROOT, DeskProcess
from tests.browser.people import Agent, Customer, Supervisor

PLACE = ROOT / "docs/how-to/pictures"

COLOURS = 256

TALK = (
    ("Nadia", "Hello! My connection drops every evening around eight."),
    ("Maxim", "Hello Nadia, I am Maxim. I can see your line: it was reset fourteen times since Monday."),
    ("Nadia", "That sounds like a lot."),
    ("Maxim", "It is. I have moved you to another profile. Please restart the router once, then it should hold."),
    ("Nadia", "It is back already. Thank you!"),
)
WAITING = (("Priya", "Support"), ("Jonas", "Billing"), ("Aiko", "Support"))


def main() -> None:
    """Take all three."""
    path = shutil.which("chromium")
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        desk = DeskProcess(Path(folder), CONFIG.replace("max = 2", "max = 3").replace("60s", "99s"))
        desk.add_users()
        desk.make_vip("ada")
        desk.start()
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        try:
            take(browser, desk.address)
        finally:
            browser.close()
            desk.stop()


def take(browser: Browser, address: str) -> None:
    """Let people come and talk, and take the pictures."""
    maxim, lena = Agent(browser, address), Supervisor(browser, address)
    maxim.sign_in("maxim")
    lena.sign_in("lena")
    maxim.be("Available")
    nadia = Customer(browser, address)
    nadia.begin(TALK[0][1], name="Nadia")
    maxim.accept()
    expect(maxim.chat("Nadia")).to_be_visible()
    omar = Customer(browser, address)
    omar.begin("Can I take my contract with me when I move?", name="Omar")
    maxim.accept()
    maxim.say("Omar", "Yes, you can. When do you move, and where to?")
    for who, text in TALK[1:]:
        if who == "Nadia":
            nadia.say(text)
            expect(maxim.chat("Nadia").get_by_role("log")).to_contain_text(text)
        else:
            maxim.say("Nadia", text)
            expect(nadia.log).to_contain_text(text)
    save(nadia.page, "customer.png")
    ada = Customer(browser, address)
    ada.page.get_by_role("link", name="Sign in").click()
    ada.sign_in("ada")
    ada.begin("I am in a hurry.")
    expect(maxim.offer).to_contain_text("Ada")
    for name, topic in WAITING:
        customer = Customer(browser, address)
        customer.begin("Hello!", topic=topic, name=name)
        expect(lena.row("Waiting", name)).to_be_visible()
    expect(lena.row("Waiting", "Ada")).to_be_visible()
    lena.page.wait_for_timeout(65_000)  # so that there is something to see in the last minute
    lena.page.mouse.move(5, 5)
    save(lena.page, "supervisor.png")
    maxim.chat("Omar").get_by_role("button", name="Finish").click()
    maxim.page.get_by_role("dialog").get_by_role("button", name="Finish").click()
    expect(maxim.offer).to_contain_text("Ada")
    save(maxim.page, "agent.png")


def save(page: Page, name: str) -> None:
    """Take a picture when the page has come to rest."""
    page.wait_for_timeout(500)
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    # A palette is a third of the size, and nobody sees the difference.
    taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(PLACE / name, optimize=True)


if __name__ == "__main__":
    main()
