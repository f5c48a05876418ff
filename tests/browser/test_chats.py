"""Chats from their first word to their last, over the pages of customers and agents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.desks import CONFIG
from tests.browser.people import Agent, Customer

pytestmark = [pytest.mark.outer, pytest.mark.slow, pytest.mark.browser]

Visit = Callable[..., Any]


def at_work(visit: Visit, name: str) -> Agent:
    """Return an agent who is signed in and available."""
    agent: Agent = visit(Agent)
    agent.sign_in(name)
    agent.be("Available")
    expect(agent.page.get_by_text("You are available")).to_be_visible()
    return agent


def test_chat_is_offered_answered_transferred_and_finished(visit: Visit) -> None:
    maxim, nadia = at_work(visit, "maxim"), visit(Customer)
    nadia.begin("My line is slow.", name="Nadia")
    # Who types on, before the server has answered, is in the field already.
    nadia.page.keyboard.type("It is line 7.")
    nadia.page.keyboard.press("Enter")
    expect(maxim.offer).to_contain_text("Nadia")
    expect(maxim.offer.get_by_role("timer")).to_be_visible()
    assert maxim.page.title().startswith("(1) New chat")
    maxim.accept()

    maxim.say("Nadia", "Hello Nadia!")
    expect(nadia.log).to_contain_text("Hello Nadia!")
    expect(maxim.chat("Nadia").locator("[data-state=read]")).to_be_visible()
    nadia.page.get_by_label("Your message").press_sequentially("Since Mon")
    expect(maxim.page.get_by_text("Nadia is typing")).to_be_visible()
    nadia.say("Since Monday.")
    expect(maxim.chat("Nadia").get_by_role("log")).to_contain_text("Since Monday.")

    dorit = at_work(visit, "dorit")
    maxim.chat("Nadia").get_by_role("button", name="Transfer").click()
    maxim.page.get_by_role("radio", name="Dorit").check()
    maxim.page.get_by_role("dialog").get_by_role("button", name="Transfer").click()
    dorit.accept()
    expect(nadia.page.get_by_role("heading", name="Dorit")).to_be_visible()
    dorit.say("Nadia", "I am Dorit, I have read it all.")
    expect(nadia.log).to_contain_text("I have read it all.")
    said = [
        ("Nadia", "My line is slow."),
        ("Nadia", "It is line 7."),
        ("Maxim", "Hello Nadia!"),
        ("Nadia", "Since Monday."),
        ("You", "I am Dorit, I have read it all."),
    ]
    assert dorit.told("Nadia") == said

    dorit.page.keyboard.press("Alt+f")
    note = dorit.page.get_by_role("dialog").get_by_label("Note for colleagues")
    note.fill("Line was reset.")
    # A selection that begins in the dialog and ends beside it does not shut it.
    note.hover()
    dorit.page.mouse.down()
    dorit.page.mouse.move(2, 2)
    dorit.page.mouse.up()
    dorit.page.get_by_role("dialog").get_by_role("button", name="Finish").click()
    expect(nadia.banner).to_contain_text("The conversation is over")
    expect(dorit.chat("Nadia")).to_contain_text("Wrap-up")
    dorit.button("Done").click()
    expect(dorit.chat("Nadia")).to_have_count(0)
    # Another topic is another conversation: what is said in this one would go where it went before.
    nadia.page.get_by_role("button", name="Billing").click()
    expect(nadia.page.get_by_role("radio", name="Billing")).to_be_checked()


def test_vip_overtakes(visit: Visit) -> None:
    nadia, ada = visit(Customer), visit(Customer)
    nadia.begin("I was first.", name="Nadia")
    expect(nadia.banner).to_contain_text("You are next")
    ada.page.get_by_role("link", name="Sign in").click()
    ada.sign_in("ada")
    expect(ada.page.get_by_text("Hello, Ada")).to_be_visible()
    ada.begin("I am in a hurry.")
    expect(ada.banner).to_contain_text("You are next")
    expect(nadia.banner).to_contain_text("You are number 2 in line")
    dorit = at_work_quietly(visit, "dorit")
    expect(dorit.offer).to_contain_text("Ada")
    expect(dorit.offer).to_contain_text("VIP")


def at_work_quietly(visit: Visit, name: str) -> Agent:
    """Return an agent who is signed in and available, to whom something is offered at once."""
    agent: Agent = visit(Agent)
    agent.sign_in(name)
    agent.be("Available")
    return agent


def test_chat_survives_a_reload_and_files_arrive(visit: Visit, tmp_path: Path) -> None:
    maxim, nadia = at_work(visit, "maxim"), visit(Customer)
    nadia.begin("See the picture.", name="Nadia")
    maxim.accept()
    bill = tmp_path / "bill.txt"
    bill.write_text("Charged twice.")
    expect(maxim.chat("Nadia")).to_be_visible()
    attach, alert = nadia.page.get_by_label("Attach a file"), nadia.page.get_by_role("alert")
    attach.set_input_files({"name": "nothing.txt", "mimeType": "text/plain", "buffer": b""})
    expect(alert).to_contain_text("nothing.txt: The file is empty.")
    attach.set_input_files({"name": "large.txt", "mimeType": "text/plain", "buffer": b"a" * 11_000_000})
    expect(alert).to_contain_text("large.txt: The file is larger than")
    # Nothing is cut off unseen.
    nadia.say("x" * 8_001)
    expect(alert).to_contain_text("A message has at most 8,000 characters")
    attach.set_input_files(bill)
    expect(nadia.button("Remove bill.txt")).to_be_visible()
    nadia.say("Here it is.")
    with maxim.page.expect_download() as download:
        maxim.chat("Nadia").get_by_role("button", name="bill.txt").click()
    assert Path(download.value.path()).read_text() == "Charged twice."
    nadia.page.reload()
    expect(nadia.log).to_contain_text("Here it is.")
    maxim.page.reload()
    maxim.say("Nadia", "I have it.")
    expect(nadia.log).to_contain_text("I have it.")
    assert [who for who, _ in nadia.told()] == ["You", "You", "Maxim"]


@pytest.mark.parametrize("desk", [CONFIG.replace('wrap_up = "60s"', 'wrap_up = "2s"')], indirect=True, ids=["brief"])
def test_a_note_outlives_the_chat_in_which_it_is_written(visit: Visit) -> None:
    maxim, nadia = at_work(visit, "maxim"), visit(Customer)
    nadia.begin("My line is slow.", name="Nadia")
    maxim.accept()
    expect(maxim.chat("Nadia")).to_be_visible()
    maxim.page.keyboard.press("Alt+f")
    maxim.page.get_by_label("Note for colleagues").fill("Begun in the dialog")
    nadia.button("End").click()
    nadia.button("End it").click()
    note = maxim.page.get_by_label("Note", exact=True)
    expect(note).to_have_value("Begun in the dialog")
    maxim.page.reload()
    expect(maxim.chat("Nadia").get_by_role("log")).to_contain_text("My line is slow.")
    note.fill("Written until time ran out")
    expect(maxim.chat("Nadia")).to_have_count(0)
    expect(maxim.page.locator(".toast")).to_have_text("Your note was kept.")
    nadia.say("One more thing.")
    maxim.accept()
    expect(maxim.page.get_by_role("complementary", name="Customer")).to_contain_text("Written until time ran out")


def test_declined_offer_goes_to_the_next_agent(visit: Visit) -> None:
    maxim = at_work(visit, "maxim")
    dorit = at_work(visit, "dorit")
    nadia = visit(Customer)
    nadia.begin("Hello?", name="Nadia")
    expect(maxim.offer).to_be_visible()
    maxim.page.keyboard.press("Alt+d")
    expect(maxim.offer).to_have_count(0)
    expect(dorit.offer).to_contain_text("Nadia")


def test_several_chats_stand_side_by_side(visit: Visit) -> None:
    maxim = at_work(visit, "maxim")
    names = ("Nadia", "Omar")
    for name in names:
        customer = visit(Customer)
        customer.begin(f"This is {name}.", name=name)
        maxim.accept()
        maxim.page.keyboard.press("Alt+a")  # the same offer, before the page knows that it is gone
        expect(maxim.chat(name)).to_be_visible()
    expect(maxim.page.locator(".toast")).to_have_count(0)
    left, right = (maxim.chat(name).bounding_box() for name in names)
    assert left is not None
    assert right is not None
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] < right["x"]
    maxim.page.keyboard.press("Alt+1")
    maxim.page.keyboard.type("/bye")
    maxim.page.keyboard.press("Enter")
    maxim.page.keyboard.press("Enter")
    expect(maxim.chat("Nadia").get_by_role("log")).to_contain_text("Have a nice day!")
    expect(maxim.chat("Omar").get_by_role("log")).not_to_contain_text("Have a nice day!")
    # No key gets lost: whoever types on has the cursor in the chat before the page is painted anew.
    field = maxim.page.evaluate("""async () => {
        dispatchEvent(new KeyboardEvent("keydown", { altKey: true, code: "Digit2" }));
        for (let turn = 0; turn < 3; turn += 1) await null;
        return document.activeElement.getAttribute("aria-label");
    }""")
    assert field == "Message to Omar"
