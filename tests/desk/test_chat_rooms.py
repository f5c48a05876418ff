"""Customers and agents talk: from the first word to the last, with files, right of way, and a server that ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from ccroute import ContactState, CustomerRecord
from ccroute.customers import handle
from desk.customer_chat import ACCOUNT, GREETING
from desk.house import House
from desk.limits import Rate
from tests.desk.houses import CONFIG, house_in, visitor_of
from tests.desk.visitors import Socket, socket

pytestmark = [pytest.mark.outer, pytest.mark.slow, pytest.mark.anyio]

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


async def begin(visitor: httpx.AsyncClient, **wanted: Any) -> dict[str, Any]:
    """Begin a session of the chat."""
    answer = await visitor.post("/api/chat/begin", json=wanted)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def hello(opened: Socket, token: str, after: int = 0) -> dict[str, Any]:
    """Say hello and return how the conversation stands."""
    await opened.send({"type": "hello", "token": token, "after": after})
    return dict(await opened.wait_for("joined"))


async def answered_by(house: House, app: ASGIApp, agent: httpx.AsyncClient, agent_id: str) -> str:
    """Let an agent take the offer that it has, once it has one, and return the contact."""
    async with house.router.offers(agent_id=agent_id) as offers:
        offer = await anext(offers)
    assert (await agent.post(f"/api/agent/offers/{offer.offer_id}/accept")).status_code == 200
    return offer.contact_id


async def test_a_customer_is_greeted_answered_and_bid_goodbye(tmp_path: Path, people_file: Path) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, None) as visitor,
        visitor_of(house, "maxim") as maxim,
    ):
        begun = await begin(visitor, queue_id="billing", name="  Grace   Hopper ")
        assert begun["customer_name"] == "Grace Hopper"
        async with (
            socket(house.app, "/api/chat/socket") as customer,
            socket(house.app, "/api/agent/chat", maxim) as agent,
            socket(house.app, "/api/agent/socket", maxim) as page,
        ):
            await hello(customer, begun["token"])
            await customer.send({"type": "post", "client_id": "m1", "body": "I was charged twice"})
            await customer.wait_for("ack", client_id="m1")
            assert (await customer.wait_for("message", party="bot"))["body"] == GREETING
            await maxim.post("/api/agent/presence", json={"presence": "available"})
            await agent.send({"type": "hello"})
            contact_id = await answered_by(house, house.app, maxim, "maxim")
            while not (state := await page.wait_for("state"))["chats"]:
                pass
            chat = state["chats"][0]
            assert (chat["contact_id"], chat["queue_id"], chat["customer_name"]) == (
                contact_id,
                "billing",
                "Grace Hopper",
            )
            conversation_id = (await agent.wait_for("invited"))["conversation_id"]
            assert conversation_id == chat["conversation_id"] == begun["conversation_id"]
            await agent.send({"type": "join", "conversation_id": conversation_id})
            assert (await agent.wait_for("message", party="customer"))["body"] == "I was charged twice"
            await agent.send(
                {"type": "post", "client_id": "a1", "body": "One moment", "conversation_id": conversation_id}
            )
            said = await customer.wait_for("message", party="agent")
            assert (said["body"], said["agent"]) == ("One moment", "Maxim")
            story = (await maxim.get(f"/api/agent/contacts/{contact_id}")).json()
            assert [one["body"] for one in story["messages"]] == ["I was charged twice", GREETING, "One moment"]
            card = (await maxim.get(f"/api/agent/contacts/{contact_id}/card")).json()
            assert (card["customer_name"], card["contacts"]) == ("Grace Hopper", 1)
            happened = (await maxim.get(f"/api/agent/contacts/{contact_id}/timeline")).json()
            assert {"message", "contact.queued", "contact.active"} <= {one["kind"] for one in happened["entries"]}
            wrong = await maxim.get(f"/api/agent/contacts/{contact_id}/timeline?cursor=nonsense")
            assert wrong.status_code == 400
            await maxim.post(f"/api/agent/contacts/{contact_id}/complete", json={"disposition": "refunded"})
            await customer.wait_for("status", phase="over")


async def test_a_file_goes_to_those_who_are_in_the_conversation(tmp_path: Path, people_file: Path) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, None) as visitor,
        visitor_of(house, "maxim") as maxim,
        visitor_of(house, "dorit") as dorit,
        visitor_of(house, "lena") as lena,
    ):
        begun = await begin(visitor)
        async with socket(house.app, "/api/chat/socket") as customer:
            await hello(customer, begun["token"])
            await customer.send({"type": "upload", "upload_id": "u1", "name": "receipt.png", "bytes": len(PNG)})
            await customer.send_bytes(PNG)
            file = (await customer.wait_for("uploaded"))["attachment"]
            await customer.send({"type": "post", "client_id": "m1", "attachments": [file["attachment_id"]]})
            await customer.wait_for("ack")
            await maxim.post("/api/agent/presence", json={"presence": "available"})
            await answered_by(house, house.app, maxim, "maxim")
        own = f"/api/chat/attachments/{file['attachment_id']}"
        found = await visitor.post(own, json={"token": begun["token"]})
        assert (found.content, found.headers["content-type"]) == (PNG, "image/png")
        assert found.headers["content-disposition"] == "attachment"
        assert (await visitor.post(own, json={"token": "another"})).status_code == 404
        path = f"conversations/{begun['conversation_id']}/attachments"
        assert (await maxim.get(f"/api/agent/{path}/{file['attachment_id']}")).content == PNG
        assert (await dorit.get(f"/api/agent/{path}/{file['attachment_id']}")).status_code == 404
        assert (await maxim.get(f"/api/agent/{path}/{'0' * 64}")).status_code == 404
        assert (await lena.get(f"/api/supervisor/{path}/{file['attachment_id']}")).content == PNG
        contact_id = (await house.router.ask(lambda engine: engine.contacts()))[0].contact_id
        story = (await lena.get(f"/api/supervisor/contacts/{contact_id}")).json()
        assert story["messages"][0]["attachments"] == [file]


async def test_a_browser_that_returns_is_the_same_customer_and_an_account_is_itself(
    tmp_path: Path, people_file: Path
) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, None) as visitor,
        visitor_of(house, None) as other,
        visitor_of(house, "ada") as ada,
    ):
        ids = {}
        for who, name, wanted in (
            (visitor, "first", {"name": "Grace"}),
            (visitor, "again", {}),
            (visitor, "renamed", {"name": "Grace H."}),
            (other, "other", {}),
            (visitor, "odd", {"name": "\u202eecarG\x00 \t\x1b[31m\u2067"}),
            (ada, "account", {"name": "Nobody"}),
        ):
            begun = await begin(who, **wanted)
            session = await house.chat.session(begun["token"])
            assert session is not None
            ids[name] = (session.customer_id, begun["customer_name"])
        assert ids["first"][0] == ids["again"][0] == ids["renamed"][0]
        assert [ids[one][1] for one in ids] == ["Grace", "Grace", "Grace H.", None, "ecarG [31m", "Nobody"]
        assert len({one[0] for one in ids.values()}) == 3
        account = house.customers.find(handle(ACCOUNT, "ada"))
        assert account is not None
        assert account.identity_id == ids["account"][0]
        settings = (await ada.get("/api/chat/settings")).json()
        assert settings["signed_in"] == {"shown_name": "Ada"}
        assert [one["queue_id"] for one in settings["queues"]] == ["support", "billing"]
        assert (await visitor.get("/api/chat/settings")).json()["signed_in"] is None
        for wrong in ({"queue_id": "nowhere"}, {"name": "x" * 81}):
            assert (await visitor.post("/api/chat/begin", json=wrong)).status_code == 400


async def test_a_queue_may_be_kept_for_customers_who_are_signed_in(tmp_path: Path, people_file: Path) -> None:
    config = CONFIG.replace("[queues.billing]", '[queues.billing]\nattributes = { visitors = false, title = "Bills" }')
    async with house_in(tmp_path, people_file, config=config) as house:
        for name, titles, status in ((None, ["Support"], 400), ("ada", ["Support", "Bills"], 200)):
            async with visitor_of(house, name) as visitor:
                settings = (await visitor.get("/api/chat/settings")).json()
                assert [one["title"] for one in settings["queues"]] == titles
                answer = await visitor.post("/api/chat/begin", json={"queue_id": "billing"})
                assert answer.status_code == status


async def test_nobody_begins_chats_without_end(tmp_path: Path, people_file: Path) -> None:
    begin_twice = Rate(burst=2, per_s=0.001)
    async with house_in(tmp_path, people_file, begin=begin_twice) as house, visitor_of(house, None) as visitor:
        answers = [await visitor.post("/api/chat/begin") for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert int(answers[-1].headers["retry-after"]) > 100


async def test_a_vip_overtakes(tmp_path: Path, people_file: Path) -> None:
    async with (
        house_in(tmp_path, people_file) as house,
        visitor_of(house, None) as visitor,
        visitor_of(house, "ada") as ada,
        socket(house.app, "/api/chat/socket") as early,
        socket(house.app, "/api/chat/socket") as late,
    ):
        known = house.customers.find_or_create(handle(ACCOUNT, "ada"))
        house.customers.remember(known.identity_id, CustomerRecord(name="Ada", tier=1, manager_id="dorit"))
        contacts = []
        for who, opened in ((visitor, early), (ada, late)):
            begun = await begin(who, queue_id="support")
            await hello(opened, begun["token"])
            await opened.send({"type": "post", "client_id": "m1", "body": "hello"})
            contacts.append((await opened.wait_for("status", phase="waiting"))["contact_id"])
        places = [await house.router.position(one) for one in contacts]
        assert [one.overall for one in places if one is not None] == [2, 1]
        await late.send({"type": "position"})
        assert (await late.wait_for("position"))["position"] == 1


async def test_what_was_said_and_who_waits_is_there_again_when_the_server_comes_back(
    tmp_path: Path, people_file: Path
) -> None:
    async with house_in(tmp_path, people_file) as house, visitor_of(house, None) as visitor:
        begun = await begin(visitor, queue_id="support")
        async with socket(house.app, "/api/chat/socket") as customer:
            await hello(customer, begun["token"])
            await customer.send({"type": "post", "client_id": "m1", "body": "hello"})
            contact_id = (await customer.wait_for("status", phase="waiting"))["contact_id"]
            await customer.wait_for("message", party="bot")
    async with house_in(tmp_path, people_file) as house, socket(house.app, "/api/chat/socket") as customer:
        stood = await hello(customer, begun["token"])
        assert (stood["phase"], stood["contact_id"], stood["number"]) == ("waiting", contact_id, 2)
        bodies = [(await customer.wait_for("message"))["body"] for _ in range(2)]
        assert bodies == ["hello", GREETING]
        contact = await house.router.contact(contact_id)
        assert contact is not None
        assert contact.state is ContactState.QUEUED
