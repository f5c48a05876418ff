"""Every page can be used by everybody: in the dark, on a telephone, without a mouse, with a screen reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.people import Agent, Customer, Supervisor
from tests.browser.test_chats import at_work_quietly

pytestmark = [pytest.mark.outer, pytest.mark.slow, pytest.mark.browser]

Visit = Callable[..., Any]


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 390)], ids=["light and wide", "dark and narrow"]
)
def test_pages_have_no_barriers(visit: Visit, scheme: str, width: int) -> None:
    looks = {"scheme": scheme, "width": width}
    nadia, omar = visit(Customer, **looks), visit(Customer, **looks)
    expect(nadia.page.get_by_role("button", name="Start a chat")).to_have_count(2)
    assert nadia.barriers() == []
    for customer, name in ((nadia, "Nadia"), (omar, "Omar")):
        customer.begin("My line is slow.", name=name)
        expect(customer.banner).to_be_visible()
    assert nadia.barriers() == []
    lena = visit(Supervisor, **looks)
    expect(lena.button("Sign in")).to_be_visible()
    assert lena.barriers() == []
    lena.sign_in("lena")
    lena.row("Waiting", "Omar").get_by_role("button", name="Why?").click()
    expect(lena.page.get_by_role("dialog").get_by_text("Agent", exact=True)).to_be_visible()
    assert lena.barriers() == []
    assert lena.page.evaluate("document.documentElement.scrollWidth") <= width
    maxim: Agent = at_work_quietly(visit, "maxim")
    maxim.page.set_viewport_size({"width": width, "height": 800})
    maxim.page.emulate_media(color_scheme=scheme)
    maxim.accept()
    expect(maxim.offer).to_contain_text("Omar")
    expect(maxim.page.get_by_role("log")).to_contain_text("My line is slow.")
    assert maxim.barriers() == []


def test_agent_needs_no_mouse(visit: Visit) -> None:
    maxim = visit(Agent)
    keys = maxim.page.keyboard
    expect(maxim.page.get_by_label("Name")).to_be_focused()
    for text in ("maxim", "\t", "correct horse battery", "\n"):
        keys.press("Tab") if text == "\t" else keys.press("Enter") if text == "\n" else keys.type(text)
    expect(maxim.page.get_by_text("You are offline")).to_be_visible()
    while maxim.page.evaluate("document.activeElement.tagName") != "SELECT":
        keys.press("Tab")
    # Down through the list, faster than the server answers: it is told one after the other, and what was chosen last.
    told: list[Route] = []

    def hold(route: Route) -> None:
        told.append(route)

    maxim.page.route("**/api/agent/presence", hold)
    presence = maxim.page.get_by_label("Presence")
    for label in ("Break", "Lunch", "Meeting"):
        presence.select_option(label=label)
    assert len(told) == 1
    with maxim.page.expect_request("**/api/agent/presence"):
        told[0].continue_()
    expect(presence).to_have_value("now:3")
    told[1].continue_()
    expect(maxim.page.get_by_text("You are away")).to_be_visible()
    assert [json.loads(one.request.post_data or "")["label"] for one in told] == ["Break", "Meeting"]
    maxim.page.unroute("**/api/agent/presence")
    keys.press("Home")
    expect(maxim.page.get_by_text("You are available")).to_be_visible()
    nadia = visit(Customer)
    nadia.begin("Hello?", name="Nadia")
    maxim.accept()
    expect(maxim.page.get_by_label("Message to Nadia")).to_be_focused()
    keys.type("Hello!")
    keys.press("Enter")
    expect(nadia.log).to_contain_text("Hello!")
    dialog = maxim.page.get_by_role("dialog")
    keys.press("Alt+t")
    expect(dialog.get_by_role("radio").first).to_be_focused()
    dialog.get_by_role("button", name="Keep it").press("Enter")
    expect(dialog).to_have_count(0)
    expect(maxim.page.get_by_label("Message to Nadia")).to_be_focused()
    keys.press("Alt+f")
    expect(dialog.get_by_role("radio", name="Solved", exact=True)).to_be_focused()
    keys.type("typed on at once")  # blanks and all: it would have shut the dialog by its cross
    keys.press("Enter")
    wrap_up = maxim.page.get_by_role("region", name="Wrap-up")
    expect(wrap_up).to_be_visible()
    wrap_up.get_by_label("Note").focus()
    keys.type("Was polite.")
    keys.press("Alt+f")
    expect(maxim.page.locator(".toast")).to_have_text("Your note was kept.")
    expect(maxim.chat("Nadia")).to_have_count(0)
