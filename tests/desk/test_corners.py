"""Corners of the server: pages that are not there, answers of one's own, faults of the engine, agents that are gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from ccroute import (
    AgentLost,
    LegEnd,
    LegEnded,
    OfferExpired,
    OfferRescinded,
    OutOfRange,
    PresenceChanged,
    RescindReason,
    RouterClosed,
)
from desk import pages
from desk.agent_api import notice_of
from desk.canned import CannedWrong, read_canned
from desk.demo_people import Wire
from desk.doors import _leaves
from desk.naming import Naming
from desk.people import People
from desk.serving import make_users
from desk.telling import as_fault
from tests.desk.visitors import client

pytestmark = [pytest.mark.outer]

FACTS = {"seq": 1, "at_us": 1, "cause": "command:1", "agent_id": "maxim"}
OF_OFFER = FACTS | {"offer_id": "o1", "contact_id": "c1"}
OF_LEG = FACTS | {"contact_id": "c1", "began_at_us": 0, "handled_us": 1}


@pytest.mark.parametrize(
    ("event", "kind", "reason"),
    [
        (OfferExpired(**OF_OFFER, expiries=1, cooldown_us=0), "offer_lost", "expired"),
        (OfferRescinded(**OF_OFFER, reason=RescindReason.TAKEN, by_contact_id=None), "offer_lost", "taken"),
        (LegEnded(**OF_LEG, reason=LegEnd.LOST), "contact_lost", "lost"),
        (AgentLost(**FACTS, lease_us=1, grace_ends_at_us=2), "agent_lost", "lease"),
        (LegEnded(**OF_LEG, reason=LegEnd.COMPLETED), None, None),
    ],
)
def test_an_agent_is_told_what_it_has_not_done_itself(event: object, kind: str | None, reason: str | None) -> None:
    notice = notice_of(event)  # type: ignore[arg-type]
    assert (None if notice is None else notice.kind) == kind
    assert (None if notice is None else notice.reason) == reason


def test_other_events_of_an_agent_are_no_news_to_it() -> None:
    event = PresenceChanged(**FACTS, presence="away", label=None, previous="away")  # type: ignore[arg-type]
    assert notice_of(event) is None


def test_canned_answers_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "canned.toml"
    assert read_canned(path).dispositions
    path.write_text('dispositions = ["sold"]\n[[answers]]\nid = "a"\ntitle = "A"\nbody = "B"\n')
    told = read_canned(path)
    assert (told.dispositions, [one.body for one in told.answers]) == (["sold"], ["B"])
    path.write_text("dispositions = 1\nanswers = []\n")
    with pytest.raises(CannedWrong, match=r"canned\.toml"):
        read_canned(path)


def test_what_is_wrong_with_a_request_is_told_and_what_is_wrong_here_is_not() -> None:
    assert as_fault(OutOfRange("size", 0, "1 or more")).told.message.startswith("size must be")
    assert as_fault(RouterClosed("desk")).told.code == "unavailable"


def test_groups_of_errors_are_looked_into() -> None:
    inner = ValueError("x")
    assert _leaves(ExceptionGroup("a", [ExceptionGroup("b", [inner]), KeyError("y")]))[0] is inner


@pytest.mark.anyio
async def test_names_are_learned_once_and_forgotten_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    now_us = 0

    def look_up(customer_id: str) -> str:
        asked.append(customer_id)
        return customer_id.upper()

    naming = Naming(look_up=look_up, agents=lambda: {"maxim": "Maxim M."}, now_us=lambda: now_us)
    assert [naming.agent("maxim"), naming.agent("ines")] == ["Maxim M.", "Ines"]
    assert naming.customer("a") is None
    assert [await naming.learn(["a", "b", "a"]), await naming.learn(["a"])] == [True, False]
    assert [naming.customer(one) for one in ("a", "b", None)] == ["A", "B", None]
    now_us = 301_000_000
    assert await naming.learn(["a"])
    naming.forget("b")
    monkeypatch.setattr("desk.naming.KNOWN_MAX", 1)
    await naming.learn(["c"])
    assert [naming.customer(one) for one in ("a", "b", "c")] == [None, None, "C"]
    assert asked == ["a", "b", "a", "c"]


@pytest.mark.anyio
async def test_a_page_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "desk.css").write_text("body {}")
    app: ASGIApp = Starlette(routes=pages.routes(tmp_path))
    async with client(app) as visitor:
        for path, status in (("/", 404), ("/agent", 404), ("/favicon.ico", 204), ("/static/desk.css", 200)):
            assert (await visitor.get(path)).status_code == status
        (tmp_path / "favicon.svg").write_text("<svg/>")
        (tmp_path / "agent.html").write_text("<p>agent")
        for path, kind in (("/favicon.ico", "image/svg+xml"), ("/agent", "text/html; charset=utf-8")):
            assert (await visitor.get(path)).headers["content-type"] == kind


@pytest.mark.anyio
async def test_a_wire_carries_frames_both_ways_and_ends() -> None:
    wire = Wire()
    wire.leave()
    assert await wire.receive() is None
    await wire.send('{"type": "pong"}')
    await wire.close(1000, "")
    assert await wire.hear() is not None
    assert await wire.hear() is None


@pytest.mark.slow
def test_users_of_the_demonstration_are_made_once(tmp_path: Path) -> None:
    people = People(tmp_path / "people.sqlite")
    assert [len(make_users(people)), make_users(people)] == [5, []]
    people.close()
