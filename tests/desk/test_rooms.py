"""The rooms of the server: who may ask what, and what agents and supervisors see and do. A whole house each time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ccroute import ContactState, EnqueueContact, LegState, Note
from ccroute.testing.clock import VirtualClock
from desk.calls import Access
from desk.house import House
from tests.desk.houses import CONFIG, USERS, house_in, visitor_of
from tests.desk.visitors import Socket, client, socket

pytestmark = [pytest.mark.outer, pytest.mark.slow, pytest.mark.anyio]

ALLOWED = {
    Access.ANYONE: {None, *USERS},
    Access.SIGNED_IN: {*USERS},
    Access.AGENT: {"maxim", "dorit", "lena"},
    Access.SUPERVISOR: {"lena", "root"},
}


async def enqueue(house: House, contact_id: str, **more: object) -> None:
    """Put a contact into the queue of the tests; on another channel than the chat, which would ask whose it is."""
    fields: dict[str, object] = {"queue_id": "support", "channel": "task", **more}
    await house.router.send(EnqueueContact(contact_id=contact_id, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [None, *USERS])
async def test_every_operation_is_open_to_those_it_is_for_and_to_nobody_else(
    name: str | None, tmp_path: Path, people_file: Path
) -> None:
    async with house_in(tmp_path, people_file) as house, visitor_of(house, name) as visitor:
        for room in house.rooms:
            for one in room.operations:
                if one.name in {"sign_in", "sign_out"}:
                    continue
                path = re.sub(r"\{\w+\}", "x", one.path)
                answer = await visitor.request(one.method, path)
                if name in ALLOWED[one.access]:
                    wanted = {200, 400, 404, 409, 415} | ({403} if one.name == "metrics" else set())
                else:
                    wanted = {401} if name is None else {403}
                assert answer.status_code in wanted, (one.name, answer.text)
            for door in room.sockets:
                async with socket(house.app, door.path, visitor) as opened:
                    if name not in ALLOWED[door.access]:
                        assert await opened.receive() is None
                        assert opened.closed_with == (4401 if name is None else 4403)


async def state_with(opened: Socket, **wanted: object) -> dict[str, Any]:
    """Return the next state in which lists have these lengths and the agent these fields."""
    while True:
        state = await opened.wait_for("state")
        shown = {name: len(state[name]) if name in ("offers", "chats") else state["agent"][name] for name in wanted}
        if shown == wanted:
            return dict(state)


async def chat_in(opened: Socket, state: LegState) -> dict[str, Any]:
    """Return the only chat of an agent, once it is in a state."""
    while True:
        chats = (await opened.wait_for("state"))["chats"]
        if len(chats) == 1 and chats[0]["state"] == state:
            return dict(chats[0])


async def test_an_agent_takes_works_and_finishes(tmp_path: Path, people_file: Path) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, "maxim") as maxim,
        socket(house.app, "/api/agent/socket", maxim) as page,
    ):
        state = await page.wait_for("state")
        assert state["agent"]["presence"] == "offline"
        assert state["agent"]["shown_name"] == "Maxim"
        assert (await maxim.post("/api/agent/presence", json={"presence": "available"})).json() == {"ok": True}
        await state_with(page, presence="available")
        await enqueue(house, "c1")
        offer = (await state_with(page, offers=1))["offers"][0]
        assert (offer["contact_id"], offer["queue_id"]) == ("c1", "support")
        assert offer["expires_at_us"] - offer["made_at_us"] == 20_000_000
        story = await maxim.get("/api/agent/contacts/c1")
        assert (story.status_code, story.json()["state"]) == (200, "queued")
        assert (await maxim.post(f"/api/agent/offers/{offer['offer_id']}/accept")).status_code == 200
        chat = (await state_with(page, chats=1))["chats"][0]
        assert (chat["contact_id"], chat["state"]) == ("c1", "active")
        for verb, leg in (("hold", LegState.HELD), ("resume", LegState.ACTIVE)):
            assert (await maxim.post(f"/api/agent/contacts/c1/{verb}")).status_code == 200
            await chat_in(page, leg)
        note = {"entry_id": "n1", "body": "wants a refund"}
        for _ in range(2):
            assert (await maxim.post("/api/agent/contacts/c1/notes", json=note)).status_code == 200
        assert [one["body"] for one in (await maxim.get("/api/agent/contacts/c1")).json()["notes"]] == [note["body"]]
        done = await maxim.post("/api/agent/contacts/c1/complete", json={"disposition": "solved"})
        assert done.status_code == 200
        wrapping = await chat_in(page, LegState.WRAPPING)
        more = {"by_us": 5_000_000}
        assert (await maxim.post("/api/agent/contacts/c1/wrap-up/extend", json=more)).status_code == 200
        while (longer := await chat_in(page, LegState.WRAPPING))["ends_at_us"] == wrapping["ends_at_us"]:
            pass
        assert longer["ends_at_us"] - wrapping["ends_at_us"] == 5_000_000
        assert (await maxim.post("/api/agent/contacts/c1/wrap-up/end")).status_code == 200
        await state_with(page, chats=0)
        # Who writes while the wrap-up ends is late, and has served it all the same.
        late = {"entry_id": "n2", "body": "and an apology"}
        assert (await maxim.post("/api/agent/contacts/c1/notes", json=late)).status_code == 200
        story = await house.router.history.contact("c1")
        assert story is not None
        assert [one.addition.body for one in story.entries if isinstance(one.addition, Note)] == [
            note["body"],
            late["body"],
        ]
        assert (await maxim.get("/api/agent/contacts/c1")).status_code == 404


async def test_what_the_engine_refuses_is_told_with_its_reason(tmp_path: Path, people_file: Path) -> None:
    async with house_in(tmp_path, people_file) as house, visitor_of(house, "maxim") as maxim:
        await maxim.post("/api/agent/presence", json={"presence": "available"})
        await enqueue(house, "c1")
        offer = await house.router.ask(lambda engine: engine.offers()[0])
        assert (await maxim.post(f"/api/agent/offers/{offer.offer_id}/decline", json={"reason": "busy"})).is_success
        late = await maxim.post(f"/api/agent/offers/{offer.offer_id}/accept")
        assert late.status_code == 409
        assert late.json()["error"]["reason"] == "offer_ended"
        assert (await maxim.post("/api/agent/contacts/c1/complete")).status_code == 409
        for transfer in ({}, {"to_queue": "billing", "to_agent": "dorit"}, {"to_queue": "nowhere"}):
            answer = await maxim.post("/api/agent/contacts/c1/transfer", json=transfer)
            assert answer.status_code == 400, answer.text


async def test_an_agent_sees_nothing_of_the_contacts_of_others(tmp_path: Path, people_file: Path) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, "maxim") as maxim,
        visitor_of(house, "dorit") as dorit,
    ):
        await maxim.post("/api/agent/presence", json={"presence": "available"})
        await enqueue(house, "c1")
        offer = await house.router.ask(lambda engine: engine.offers()[0])
        for path in ("", "/card", "/timeline"):
            assert (await dorit.get(f"/api/agent/contacts/c1{path}")).status_code == 404
        for verb in ("accept", "decline"):
            assert (await dorit.post(f"/api/agent/offers/{offer.offer_id}/{verb}")).status_code == 404
        note = {"entry_id": "n1", "body": "x"}
        assert (await dorit.post("/api/agent/contacts/c1/notes", json=note)).status_code == 404
        assert (await maxim.post(f"/api/agent/offers/{offer.offer_id}/accept")).status_code == 200
        assert (await dorit.post("/api/agent/contacts/c1/hold")).status_code == 409
        assert (await dorit.post("/api/agent/contacts/c1/complete")).status_code == 409


async def test_a_contact_goes_to_a_queue_and_to_an_agent(tmp_path: Path, people_file: Path) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, "maxim") as maxim,
        visitor_of(house, "dorit") as dorit,
        socket(house.app, "/api/agent/socket", dorit) as page,
    ):
        await maxim.post("/api/agent/presence", json={"presence": "available"})
        for contact_id, transfer in (("c1", {"to_agent": "dorit"}), ("c2", {"to_queue": "billing"})):
            await enqueue(house, contact_id)
            offer = await house.router.ask(lambda engine: engine.offers(agent_id="maxim")[0])
            await maxim.post(f"/api/agent/offers/{offer.offer_id}/accept")
            await dorit.post("/api/agent/presence", json={"presence": "available"})
            answer = await maxim.post(f"/api/agent/contacts/{contact_id}/transfer", json=transfer)
            assert answer.status_code == 200, answer.text
        state = await state_with(page, offers=1)
        assert state["offers"][0]["contact_id"] == "c1"
        contact = await house.router.contact("c2")
        assert contact is not None
        assert contact.queue_id == "billing"
        told = (await maxim.get("/api/agent/directory")).json()
        assert [one["queue_id"] for one in told["queues"]] == ["support", "billing"]
        assert [one["agent_id"] for one in told["agents"]] == ["dorit", "lena"]


async def test_a_page_that_pings_keeps_its_agent_and_one_that_babbles_is_closed(
    tmp_path: Path, people_file: Path
) -> None:
    async with house_in(tmp_path, people_file) as house, visitor_of(house, "maxim") as maxim:
        async with socket(house.app, "/api/agent/socket", maxim) as page:
            await page.send({"type": "ping"})
            assert (await page.wait_for("pong"))["at_us"] > 0
        deep = '{"type": "ping", "more": ' + "[" * 100_000 + "]" * 100_000 + "}"
        for frame in ('{"type": "sing"}', "[", '{"type": 1}', deep):
            async with socket(house.app, "/api/agent/socket", maxim) as page:
                await page.send(frame)
                while await page.receive() is not None:
                    pass
                assert page.closed_with == 4400


@pytest.mark.parametrize("path", ["/api/agent/socket", "/api/supervisor/socket"], ids=["desk", "board"])
async def test_who_takes_contacts_and_looks_at_the_board_is_not_lost(
    path: str, tmp_path: Path, people_file: Path
) -> None:
    config = CONFIG.replace("[agents.lena]", '[agents.lena]\nlease = "20s"')
    clock = VirtualClock(at_us=1_800_000_000_000_000)
    async with (
        house_in(tmp_path, people_file, config=config, clock=clock) as house,
        visitor_of(house, "lena") as lena,
        socket(house.app, path, lena) as page,
    ):
        await lena.post("/api/agent/presence", json={"presence": "available"})
        for _ in range(6):
            await clock.advance(5_000_000)
            await page.send({"type": "ping"})
            await page.wait_for("pong")
        assert (await house.router.ask(lambda engine: engine.agent("lena"))).presence == "available"


async def test_an_offer_that_is_taken_back_is_noticed(tmp_path: Path, people_file: Path) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, "maxim") as maxim,
        visitor_of(house, "lena") as lena,
        socket(house.app, "/api/agent/socket", maxim) as page,
    ):
        await maxim.post("/api/agent/presence", json={"presence": "available"})
        await enqueue(house, "c1")
        await state_with(page, offers=1)
        assert (await lena.post("/api/supervisor/contacts/c1/take-over")).status_code == 200
        notice = await page.wait_for("notice")
        assert (notice["kind"], notice["contact_id"]) == ("offer_lost", "c1")


async def test_a_supervisor_takes_over_what_waits_and_what_is_served(tmp_path: Path, people_file: Path) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, "maxim") as maxim,
        visitor_of(house, "lena") as lena,
        visitor_of(house, "root") as root,
    ):
        await enqueue(house, "c1")
        assert (await lena.post("/api/supervisor/contacts/c1/take-over")).status_code == 200
        await maxim.post("/api/agent/presence", json={"presence": "available"})
        await enqueue(house, "c2")
        offer = await house.router.ask(lambda engine: engine.offers(agent_id="maxim")[0])
        await maxim.post(f"/api/agent/offers/{offer.offer_id}/accept")
        assert (await root.post("/api/supervisor/contacts/c2/take-over")).json()["error"]["code"] == "no_agent"
        # Who saw it wait, or with another agent, takes it from nobody else.
        for seen, status in (([], 409), (["dorit"], 409), (["maxim"], 200)):
            answer = await lena.post("/api/supervisor/contacts/c2/take-over", json={"agents": seen})
            assert answer.status_code == status
        assert (await lena.post("/api/supervisor/contacts/nothing/take-over")).status_code == 404
        for contact_id in ("c1", "c2"):
            contact = await house.router.contact(contact_id)
            assert contact is not None
            assert (contact.state, contact.agents) == (ContactState.ACTIVE, ["lena"])


async def test_a_supervisor_assigns_expedites_and_pauses(tmp_path: Path, people_file: Path) -> None:
    async with house_in(tmp_path, people_file) as house, visitor_of(house, "lena") as lena:
        await enqueue(house, "c1", tier=5)
        await enqueue(house, "c2")
        assert (await lena.post("/api/supervisor/contacts/c2/to-front")).status_code == 200
        position = await house.router.position("c2")
        assert position is not None
        assert position.overall == 1
        expedited = await lena.post("/api/supervisor/contacts/c2/expedite")
        assert (expedited.status_code, expedited.json()["error"]["reason"]) == (409, "no_rule")
        wanted = {"agent_id": "dorit", "as": "active", "ignoring": ["presence"]}
        assert (await lena.post("/api/supervisor/contacts/c2/assign", json=wanted)).status_code == 200
        contact = await house.router.contact("c2")
        assert contact is not None
        assert contact.agents == ["dorit"]
        for verb, paused in (("pause", True), ("open", False)):
            assert (await lena.post(f"/api/supervisor/queues/support/{verb}")).status_code == 200
            queue = await house.router.queue("support")
            assert queue is not None
            assert queue.paused is paused
        assert (await lena.post("/api/supervisor/queues/nothing/pause")).status_code == 404
        away = {"presence": "away", "label": "sent home"}
        assert (await lena.post("/api/supervisor/agents/maxim/presence", json=away)).status_code == 200
        assert (await lena.post("/api/supervisor/agents/nobody/presence", json=away)).status_code == 404


async def test_the_board_tells_who_waits_and_the_question_tells_why(tmp_path: Path, people_file: Path) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, "lena") as lena,
        socket(house.app, "/api/supervisor/socket", lena) as page,
    ):
        await enqueue(house, "c1")
        board = await page.wait_for("board")
        while not board["waiting"]:
            board = await page.wait_for("board")
        assert [one["contact_id"] for one in board["waiting"]] == ["c1"]
        assert [one["queue_id"] for one in board["queues"]] == ["support", "billing"]
        assert [one["shown_name"] for one in board["agents"]] == ["Maxim", "Dorit", "Lena"]
        assert (board["totals"]["waiting"], board["totals"]["offline"]) == (1, 3)
        assert board["server"]["status"] == "ok"
        why = (await lena.get("/api/supervisor/contacts/c1/why")).json()
        assert why["position"] == {"in_queue": 1, "overall": 1}
        assert {one["agent_id"] for one in why["agents"]} == {"maxim", "dorit", "lena"}
        assert why["agents"][0]["obstacles"][0]["rule"] == "presence"
        assert (await lena.get("/api/supervisor/contacts/nothing/why")).status_code == 404
        assert (await lena.get("/api/supervisor/contacts/c1")).json()["contact_id"] == "c1"
        await page.send({"type": "ping"})
        assert await page.wait_for("pong")


async def test_health_and_metrics_tell_how_it_goes(tmp_path: Path, people_file: Path) -> None:
    async with house_in(tmp_path, people_file) as house, client(house.app) as probe:
        assert (await probe.get("/health/live", headers={"host": "10.0.0.7:8000"})).json()["status"] == "ok"
        ready = await probe.get("/health/ready")
        assert (ready.status_code, ready.json()["checks"]["router"]) == (200, "running")
        assert (await probe.get("/metrics")).status_code == 403
        token = house.plan.files.metrics_token.read_text().strip()
        text = (await probe.get("/metrics", headers={"authorization": f"Bearer {token}"})).text
        assert 'desk_waiting{queue="support"} 0.0' in text
        assert 'desk_calls_total{operation="ready",status="200"} 1.0' in text
