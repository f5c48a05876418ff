"""The way in, and the supervisor's board."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.desks import PASSWORD, DeskProcess
from tests.browser.people import Agent, Customer, Supervisor
from tests.browser.test_chats import at_work

pytestmark = [pytest.mark.outer, pytest.mark.slow, pytest.mark.browser]

Visit = Callable[..., Any]


def test_only_the_right_password_and_role_get_in(visit: Visit, desk: DeskProcess) -> None:
    desk.add_users((("ghost", "agent", "nobody"),))
    ghost, maxim = visit(Agent), visit(Agent)
    ghost.sign_in("ghost")
    expect(ghost.page.get_by_text("The contact centre has no agent for this user")).to_be_visible()
    # As good as none are the timers of a page that lies behind another one; its agent is there all the same.
    maxim.page.add_init_script("window.setInterval = () => 0")
    maxim.page.reload()
    maxim.sign_in("maxim", "wrong horse battery")
    expect(maxim.page.get_by_role("alert")).to_contain_text("Name or password is wrong")
    with maxim.page.expect_websocket(lambda opened: opened.url.endswith("/api/agent/socket")) as opened:
        maxim.sign_in("maxim")
    for _ in ("at once", "after two seconds"):
        opened.value.wait_for_event("framesent")
    expect(maxim.page.get_by_text("You are offline")).to_be_visible()
    maxim.page.goto(maxim.address + "/supervisor")
    expect(maxim.page.get_by_text("Not for Maxim")).to_be_visible()
    maxim.page.goto(maxim.address + "/agent")
    # Who signed in anew, in another tab, goes on in this one.
    again = "fetch('/api/sign-in', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: arguments[0]})"
    credentials = json.dumps({"name": "maxim", "password": PASSWORD})
    maxim.page.evaluate(f"async (body) => {{ await {again.replace('arguments[0]', 'body')}; }}", credentials)
    maxim.be("Available")
    expect(maxim.page.get_by_text("You are available")).to_be_visible()
    assert len(maxim.faults) == 1
    assert "403" in maxim.faults.pop()
    maxim.button("Sign out").click()
    expect(maxim.button("Sign in")).to_be_visible()
    maxim.page.reload()
    expect(maxim.button("Sign in")).to_be_visible()


def test_supervisor_sees_why_somebody_waits_and_takes_over(visit: Visit) -> None:
    lena, dorit = visit(Supervisor), at_work(visit, "dorit")
    lena.sign_in("lena")
    nadia = visit(Customer)
    nadia.begin("My bill is wrong.", topic="Billing", name="Nadia")
    expect(lena.queue("billing").get_by_role("cell").first).to_have_text("1")
    lena.row("Waiting", "Nadia").get_by_role("button", name="Why?").click()
    expect(lena.page.get_by_role("dialog")).to_contain_text("Maxim")
    lena.page.keyboard.press("Escape")
    expect(lena.page.get_by_role("dialog")).to_have_count(0)

    lena.row("Waiting", "Nadia").get_by_role("button", name="Give to").click()
    chosen = lena.page.get_by_role("dialog").get_by_label("Agent")
    chosen.select_option("dorit")
    # Who goes offline stays chosen; nobody else is chosen in the place.
    for presence in ("Offline", "Available"):
        dorit.be(presence)
        expect(chosen.locator("[value=dorit]")).to_contain_text(presence.lower())
        expect(chosen).to_have_value("dorit")
    for word in ("skills", "not in the queue"):
        lena.page.get_by_role("dialog").get_by_label(word).check()
    lena.button("Give").click()
    dorit.accept()
    dorit.say("Nadia", "I am new to bills.")
    expect(nadia.log).to_contain_text("new to bills")

    row = lena.row("In conversation", "Nadia")
    row.get_by_role("button", name="Read").click()
    expect(lena.page.get_by_role("dialog")).to_contain_text("I am new to bills.")
    assert lena.barriers() == []
    lena.page.keyboard.press("Escape")
    row.get_by_role("button", name="Take over").click()
    expect(dorit.chat("Nadia")).to_have_count(0)
    lena.page.get_by_role("link", name="My desk").click()
    desk = Agent.__new__(Agent)
    desk.page = lena.page
    desk.say("Nadia", "Let me see.")
    expect(nadia.log).to_contain_text("Let me see.")


def test_supervisor_pauses_a_queue_and_sends_an_agent_away(visit: Visit) -> None:
    lena, dorit = visit(Supervisor), at_work(visit, "dorit")
    lena.sign_in("lena")
    lena.queue("support").get_by_role("button", name="Pause").click()
    expect(lena.queue("support")).to_contain_text("paused")
    lena.queue("support").get_by_role("button", name="Open").click()
    expect(lena.queue("support")).not_to_contain_text("paused")
    lena.page.get_by_label("Presence of Dorit").select_option(label="Away")
    expect(dorit.page.get_by_text("You are away")).to_be_visible()
