"""Browsers and servers that are killed in the middle of a chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.desks import LEASED, DeskProcess
from tests.browser.people import Customer, Supervisor
from tests.browser.test_chats import at_work, at_work_quietly

pytestmark = [pytest.mark.outer, pytest.mark.slow, pytest.mark.browser]

Visit = Callable[..., Any]


@pytest.mark.parametrize("desk", [LEASED], indirect=True, ids=["leased"])
def test_contact_of_a_killed_browser_is_offered_again_in_its_place(visit: Visit) -> None:
    maxim, nadia = at_work(visit, "maxim"), visit(Customer)
    nadia.begin("My line is slow.", name="Nadia")
    maxim.accept()
    maxim.say("Nadia", "Hello Nadia!")
    expect(nadia.log).to_contain_text("Hello Nadia!")
    lena = visit(Supervisor)
    lena.sign_in("lena")
    lena.page.get_by_label("Presence of Maxim").select_option(label="Away")
    omar = visit(Customer)
    omar.begin("I came later.", name="Omar")
    expect(omar.banner).to_contain_text("You are next")

    maxim.chat("Nadia").get_by_role("textbox").press_sequentially("I am still")
    expect(nadia.page.get_by_text("Maxim is typing")).to_be_visible()
    maxim.leave()
    # The lease and its grace run out: she waits again, before him who came later.
    expect(omar.banner).to_contain_text("You are number 2 in line", timeout=40_000)
    expect(nadia.banner).to_contain_text("You are next")
    expect(nadia.page.get_by_text("Maxim is typing")).to_have_count(0)
    assert [name.split("\n")[0] for name in lena.waiting()] == ["Nadia", "Omar"]
    dorit = at_work_quietly(visit, "dorit")
    expect(dorit.offer).to_contain_text("Nadia")
    dorit.accept()
    expect(dorit.chat("Nadia").get_by_role("log")).to_contain_text("Hello Nadia!")


def test_nobody_loses_a_message_or_a_place_when_the_server_is_killed(visit: Visit, desk: DeskProcess) -> None:
    dorit, nadia, omar, priya = at_work(visit, "dorit"), visit(Customer), visit(Customer), visit(Customer)
    nadia.begin("One.", name="Nadia")
    dorit.accept()
    dorit.say("Nadia", "Two.")
    expect(nadia.log).to_contain_text("Two.")
    omar.begin("I am second.", name="Omar")
    expect(omar.banner).to_contain_text("You are next")
    priya.begin("I am third.", name="Priya")
    expect(priya.banner).to_contain_text("You are number 2 in line")
    nadia.say("Three.")

    desk.kill()
    expect(nadia.banner).to_contain_text("The connection is lost")
    expect(dorit.page.get_by_text("The connection is lost")).to_be_visible()
    nadia.say("Four, said while nobody listened.")
    priya.button("End").click()
    priya.button("End it").click()
    dorit.button("Sign out").click()
    expect(dorit.page.get_by_text("You are still signed in")).to_be_visible()
    desk.start()
    expect(dorit.chat("Nadia").get_by_role("log")).to_contain_text("Four, said while nobody listened.")
    dorit.say("Nadia", "Five.")
    expect(nadia.log).to_contain_text("Five.")
    said = ["One.", "Two.", "Three.", "Four, said while nobody listened.", "Five."]
    assert [text for _, text in nadia.told()] == said
    assert [text for _, text in dorit.told("Nadia")] == said
    expect(omar.banner).to_contain_text("You are next")
    # Ended while nobody listened.
    expect(priya.banner).to_contain_text("The conversation is over")
