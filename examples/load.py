"""A load generator over WebSocket: customers who chat and agents who answer, against a desk that is being served.

    ccroute serve --demo --no-demo-people | tee desk.txt        # prints its address, and who may sign in
    python examples/load.py http://127.0.0.1:8000 desk.txt --customers 100 --seconds 30

Every message says who it is, so that at the end it is known of each whether it arrived, and how often: what is lost,
doubled or out of order is counted, and makes the exit status 1. Latencies are those of this process's clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE_S = 60.0
"""How long a customer waits for an answer, before it counts as lost."""
PING_S = 5.0
PERCENTILES = (50, 95, 99)

Frame = dict[str, Any]


@dataclass(kw_only=True)
class Tally:
    """What was said and heard, and how long it took."""

    took_s: dict[str, list[float]] = field(
        default_factory=lambda: {"durable": [], "heard": [], "answered": [], "begun": []}
    )
    """Seconds from a customer's sending to: the acknowledgement; the agent; the answer; the first answer of a chat."""
    said: dict[str, float] = field(default_factory=dict)
    """Each message on its way, and when it went."""
    heard: Counter[str] = field(default_factory=Counter)
    """How often each arrived, where it was to."""
    refused: int = 0
    """How often something was refused for now, and sent again."""
    chats: int = 0
    """Chats that have come to their end."""
    faults: list[str] = field(default_factory=list)
    """What should not have happened."""

    def say(self, text: str) -> str:
        """Remember that a message goes out now."""
        self.said[text] = time.perf_counter()
        return text

    def hear(self, text: str, kind: str) -> None:
        """Remember that a message has arrived."""
        self.heard[text] += 1
        if text in self.said:
            self.took_s[kind].append(time.perf_counter() - self.said[text])

    def report(self) -> dict[str, Any]:
        """Return all of it, to be printed."""
        return {
            "chats": self.chats,
            "messages": len(self.said),
            "lost": sum(1 for text in self.said if not self.heard[text]),
            "sent_again": self.refused,
            "doubled": sum(1 for count in self.heard.values() if count > 1),
            "faults": self.faults[:20],
            "latency_ms": {kind: percentiles(took_s) for kind, took_s in self.took_s.items()},
        }


def percentiles(took_s: Sequence[float]) -> dict[str, float]:
    """Return count, percentiles and maximum in milliseconds, by nearest rank."""
    ordered = sorted(took_s)
    if not ordered:
        return {"count": 0}
    ranks = {f"p{rank}": ordered[max(0, -(-len(ordered) * rank // 100) - 1)] for rank in PERCENTILES}
    return {"count": len(ordered)} | {
        name: round(value * 1_000, 1) for name, value in {**ranks, "max": ordered[-1]}.items()
    }


@dataclass(kw_only=True)
class Site:
    """The desk that is put under load."""

    address: str
    tally: Tally
    ends_at: float
    """When no new chat begins any more."""
    pause_s: float
    """Mean pause of a customer between hearing and saying."""

    def is_open(self) -> bool:
        """Return whether new chats may begin."""
        return time.perf_counter() < self.ends_at

    def client(self) -> httpx.AsyncClient:
        """Return a client of one's own, with its cookies."""
        return httpx.AsyncClient(base_url=self.address, headers={"Origin": self.address}, timeout=PATIENCE_S)

    def socket(self, path: str, cookies: httpx.Cookies | None = None) -> connect:
        """Return a WebSocket of the desk, to be entered."""
        cookie = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
        return connect(
            self.address.replace("http", "ws", 1) + path,
            origin=self.address,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookie} if cookie else {},
            proxy=None,
            compression=None,
        )


async def send(socket: ClientConnection, **frame: object) -> None:
    """Send one frame."""
    await socket.send(msgspec.json.encode(frame).decode())


# ---- customers -------------------------------------------------------------------------------------------------------


async def be_customer(site: Site, number: int, luck: random.Random) -> None:
    """Chat, again and again, until the site closes."""
    await asyncio.sleep(luck.uniform(0, 2 * site.pause_s))
    round_ = 0
    while site.is_open():
        round_ += 1
        try:
            async with asyncio.timeout(PATIENCE_S * 3):
                token = await begin(site, f"Customer {number}")
                if token is None:
                    return
                async with site.socket("/api/chat/socket") as socket:
                    await send(socket, type="hello", token=token, after=0)
                    await chat(site, socket, f"{number}.{round_}", luck)
            site.tally.chats += 1
        except (TimeoutError, ConnectionClosed, OSError, httpx.HTTPError) as error:
            site.tally.faults.append(f"customer {number}: {error!r}")
            await asyncio.sleep(site.pause_s)


async def begin(site: Site, name: str) -> str | None:
    """Begin a chat as a new customer, and return its token; None: the site has closed meanwhile."""
    async with site.client() as client:
        while (begun := await client.post("/api/chat/begin", json={"queue_id": None, "name": name})).status_code == 429:
            if not site.is_open():
                return None
            site.tally.refused += 1  # all come from one address, which may begin only so many
            await asyncio.sleep(float(begun.headers["Retry-After"]))
    begun.raise_for_status()
    return str(begun.json()["token"])


async def chat(site: Site, socket: ClientConnection, name: str, luck: random.Random) -> None:
    """Say some things, one after each answer, and end."""
    last = 0
    for count in range(1, luck.randint(2, 5) + 1):
        if count > 1:
            await send(socket, type="typing", is_typing=True)
            await asyncio.sleep(luck.expovariate(1 / site.pause_s))
        text = site.tally.say(f"{name}.{count}")
        await send(socket, type="post", client_id=text.replace(".", "-"), body=text)
        last = await hear_answer(site, socket, text, last, is_first=count == 1)
    await send(socket, type="end")
    async for said in socket:
        if json.loads(said).get("phase") == "over":
            return


async def hear_answer(site: Site, socket: ClientConnection, text: str, last: int, *, is_first: bool) -> int:
    """Wait until a message is answered, and return the number of the last one that was heard."""
    tally = site.tally
    async with asyncio.timeout(PATIENCE_S):
        async for said in socket:
            frame: Frame = json.loads(said)
            if frame["type"] == "ack" and frame["client_id"] == text.replace(".", "-"):
                tally.took_s["durable"].append(time.perf_counter() - tally.said[text])
            elif frame["type"] == "refused":
                await asyncio.sleep(pause_of(frame, tally))
                await send(socket, type="post", client_id=text.replace(".", "-"), body=text)
            elif frame["type"] == "message":
                if frame["number"] != last + 1:
                    tally.faults.append(f"message {frame['number']} came behind {last}")
                last = frame["number"]
                await send(socket, type="receipt", delivered=last, read=last)
                if frame["party"] == "agent":
                    tally.heard[frame["body"]] += 1
                if frame["body"] == f"re: {text}":
                    tally.took_s["begun" if is_first else "answered"].append(time.perf_counter() - tally.said[text])
                    return last
    return last


def pause_of(refused: Frame, tally: Tally) -> float:
    """Return in how many seconds it may be sent again; what may never be is a fault."""
    if refused["code"] not in {"rate_limited", "unavailable"}:
        tally.faults.append(f"refused: {refused['code']}")
    tally.refused += 1
    return float(refused.get("retry_after_us") or 300_000) / 1_000_000


# ---- agents ----------------------------------------------------------------------------------------------------------


class Agent:
    """Takes every offer at once, and answers every message."""

    def __init__(self, site: Site, client: httpx.AsyncClient) -> None:
        self.site = site
        self.client = client
        self.taken: set[str] = set()
        self.last: dict[str, int] = {}
        self.unheard: dict[str, tuple[str, str]] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    async def post(self, path: str, body: Frame | None = None) -> None:
        """Do something; who comes too late is no fault."""
        try:
            answer = await self.client.post(f"/api/agent/{path}", json=body or {})
        except httpx.ReadError:  # the server closed an idle connection just then: once more, on a new one
            answer = await self.client.post(f"/api/agent/{path}", json=body or {})
        if answer.status_code not in {200, 404, 409}:
            self.site.tally.faults.append(f"{path.rsplit('/', 1)[-1]}: {answer.status_code}")

    def once(self, key: str, path: str) -> None:
        """Do something beside everything else, unless it was done already."""
        if key not in self.taken:
            self.taken.add(key)
            self.beside(self.post(path))

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something while everything else goes on."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.done)

    def done(self, task: asyncio.Task[None]) -> None:
        """Forget what is done; what failed is a fault."""
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.site.tally.faults.append(f"an agent: {error!r}")

    async def leave(self) -> None:
        """Let go of what is still being done."""
        left = tuple(self.tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def work(self, desk: ClientConnection) -> None:
        """Take what is offered, and end each wrap-up."""
        async for said in desk:
            frame: Frame = json.loads(said)
            for offer in frame.get("offers", ()):
                self.once(offer["offer_id"], f"offers/{offer['offer_id']}/accept")
            for chat in frame.get("chats", ()):
                if chat["state"] == "wrapping":
                    self.once(
                        f"{chat['contact_id']} {chat['ends_at_us']}", f"contacts/{chat['contact_id']}/wrap-up/end"
                    )

    async def talk(self, room: ClientConnection) -> None:
        """Answer what is said."""
        await send(room, type="hello")
        async for said in room:
            frame: Frame = json.loads(said)
            where = frame.get("conversation_id", "")
            if frame["type"] == "invited":
                await send(room, type="join", conversation_id=where, after=self.last.get(where, 0))
            elif frame["type"] == "refused" and frame.get("client_id") in self.unheard:
                self.beside(self.answer(room, frame["client_id"], after_s=pause_of(frame, self.site.tally)))
            elif frame["type"] == "ack":
                self.unheard.pop(frame["client_id"], None)
            elif frame["type"] == "message" and frame["number"] > self.last.get(where, 0):
                self.last[where] = frame["number"]
                if frame["party"] == "customer":
                    self.site.tally.hear(frame["body"], "heard")
                    client_id = frame["body"].replace(".", "-")
                    self.unheard[client_id] = (where, self.site.tally.say(f"re: {frame['body']}"))
                    await self.answer(room, client_id)

    async def answer(self, room: ClientConnection, client_id: str, *, after_s: float = 0.0) -> None:
        """Say what was prepared; under one id, it is said once."""
        await asyncio.sleep(after_s)
        where, text = self.unheard[client_id]
        await send(room, type="post", conversation_id=where, client_id=client_id, body=text)

    async def beat(self, *sockets: ClientConnection) -> None:
        """Tell that the agent is still there."""
        while True:
            await asyncio.sleep(PING_S)
            for socket in sockets:
                await send(socket, type="ping")


async def be_agent(site: Site, name: str, password: str, is_ready: asyncio.Event) -> None:
    """Sign in, be available, and work until cancelled."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(site.client())
        session = await client.post("/api/sign-in", json={"name": name, "password": password})
        session.raise_for_status()
        client.headers["X-CSRF-Token"] = session.json()["csrf"]
        desk = await stack.enter_async_context(site.socket("/api/agent/socket", client.cookies))
        room = await stack.enter_async_context(site.socket("/api/agent/chat", client.cookies))
        agent = Agent(site, client)
        stack.push_async_callback(agent.leave)
        await agent.post("presence", {"presence": "available", "label": None})
        is_ready.set()
        async with asyncio.TaskGroup() as tasks:
            for task in (agent.work(desk), agent.talk(room), agent.beat(desk, room)):
                tasks.create_task(task)


# ---- all of it -------------------------------------------------------------------------------------------------------


def users_in(text: str) -> list[tuple[str, str]]:
    """Return names and passwords of the agents that a desk has printed, or of lines ``name password``."""
    printed = re.findall(r"^desk: user agent (\S+) password (\S+)$", text, re.MULTILINE)
    return printed or [(name, password) for name, password in re.findall(r"^(\S+) (\S+)$", text, re.MULTILINE)]


async def run(
    address: str,
    users: Sequence[tuple[str, str]],
    *,
    customers: int,
    seconds: float,
    pause_s: float = 4.0,
    seed: int = 0,
) -> dict[str, Any]:
    """Put a desk under load, and return what was counted."""
    tally = Tally()
    site = Site(address=address.rstrip("/"), tally=tally, ends_at=time.perf_counter() + seconds, pause_s=pause_s)
    agents: list[asyncio.Task[None]] = []
    try:
        for name, password in users:
            is_ready = asyncio.Event()
            agents.append(asyncio.create_task(be_agent(site, name, password, is_ready)))
            waiting = asyncio.create_task(is_ready.wait())
            await asyncio.wait([agents[-1], waiting], return_when=asyncio.FIRST_COMPLETED)
            if not is_ready.is_set():
                waiting.cancel()
                await agents[-1]  # raises what kept it out
        site.ends_at = time.perf_counter() + seconds
        await asyncio.gather(
            *(be_customer(site, number, random.Random(f"{seed} {number}")) for number in range(customers))
        )
    finally:
        for agent in agents:
            agent.cancel()
        ended = await asyncio.gather(*agents, return_exceptions=True)
        tally.faults += [
            f"an agent ended: {error!r}" for error in ended if not isinstance(error, asyncio.CancelledError)
        ]
    return {"customers": customers, "agents": len(users), "seconds": seconds, **tally.report()}


NAMES = {
    "durable": "said → durable",
    "heard": "said → heard by an agent",
    "answered": "said → answered",
    "begun": "first message → first answer",
}


def show(report: dict[str, Any]) -> None:
    """Print the counts and a table of latencies."""
    print("{customers} customers, {agents} agents, {seconds:g} s: {chats} chats, {messages} messages".format(**report))
    print(
        "lost {lost}, doubled {doubled}, sent again {sent_again}, other faults {count}".format(
            **report, count=len(report["faults"])
        )
    )
    for fault in report["faults"]:
        print(f"  {fault}")
    columns = [f"p{rank}" for rank in PERCENTILES] + ["max"]
    print(f"{'milliseconds':30}{'count':>8}" + "".join(f"{column:>9}" for column in columns))
    for kind, row in report["latency_ms"].items():
        print(f"{NAMES[kind]:30}{row['count']:>8}" + "".join(f"{row.get(column, '–'):>9}" for column in columns))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the generator as a command; 1 where something was lost, doubled or refused."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("address", help="where the desk is served, as http://127.0.0.1:8000")
    parser.add_argument(
        "users", type=Path, help="what the desk has printed, or lines of a name and a password of an agent"
    )
    parser.add_argument("--customers", type=int, default=100)
    parser.add_argument("--agents", type=int, help="at most so many of the users")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--pause", type=float, default=4.0, help="mean seconds between hearing and saying")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    users = users_in(given.users.read_text())[: given.agents]
    report = asyncio.run(
        run(
            given.address, users, customers=given.customers, seconds=given.seconds, pause_s=given.pause, seed=given.seed
        )
    )
    if given.json:
        print(json.dumps(report))
    else:
        show(report)
    return 1 if report["lost"] or report["doubled"] or report["faults"] or not report["chats"] else 0


if __name__ == "__main__":
    sys.exit(main())
