"""A server that is killed with -9, again and again, in mid-conversation, loses no message and says none twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from ccroute import ContactQueued, SqliteHistory
from ccroute.channels.webchat_protocol import Ack, Hello, Post, Posted, read_server_frame, write_frame
from ccroute.timeline import Message

pytestmark = [pytest.mark.outer, pytest.mark.slow]

ROOT = Path(__file__).parents[1]
LIVES = 5
MESSAGES = 60


class Client:
    """Posts messages, keeps them until they are acknowledged, and connects again as the reference page has it."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.after = 0
        self.kept: dict[str, str] = {}
        self.acked: dict[str, int] = {}
        self.seen: list[Posted] = []
        self.count = 0

    async def live(self, port: int, acks: int) -> None:
        """Talk until so many more are acknowledged, or the server is gone."""
        wanted = len(self.acked) + acks
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            reader = BufferedByteReceiveStream(stream)
            await stream.send(write_frame(Hello(token=self.token, after=self.after)).encode() + b"\n")
            for client_id, body in self.kept.items():
                await stream.send(write_frame(Post(client_id=client_id, body=body)).encode() + b"\n")
            while len(self.acked) < wanted or self.after < len(self.acked):
                if len(self.kept) < 8 and len(self.acked) + len(self.kept) < wanted + 8:
                    self.count += 1
                    self.kept[f"m{self.count}"] = f"message {self.count}"
                    frame = Post(client_id=f"m{self.count}", body=f"message {self.count}")
                    await stream.send(write_frame(frame).encode() + b"\n")
                frame = read_server_frame(await reader.receive_until(b"\n", 100_000))
                if isinstance(frame, Posted):
                    assert frame.number == self.after + 1
                    self.after = frame.number
                    self.seen.append(frame)
                elif isinstance(frame, Ack):
                    assert self.acked.setdefault(frame.client_id, frame.number) == frame.number
                    self.kept.pop(frame.client_id, None)


def begin(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a server and return it with its port, once it is ready."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.chat_server", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert server.stdout is not None
    return server, int(server.stdout.readline())


def test_a_killed_server_loses_nothing_and_says_nothing_twice(tmp_path: Path) -> None:
    luck = random.Random(7)
    client: Client | None = None
    for _ in range(LIVES):
        server, port = begin(tmp_path)
        client = client or Client((tmp_path / "token").read_text())

        async def live(port: int = port, server: subprocess.Popen[str] = server, client: Client = client) -> None:
            async with anyio.create_task_group() as group:

                async def kill() -> None:
                    await anyio.sleep(luck.random() * 0.2)
                    server.send_signal(signal.SIGKILL)

                group.start_soon(kill)
                with contextlib.suppress(OSError, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.EndOfStream):
                    await client.live(port, MESSAGES * 100)

        anyio.run(live)
        server.wait()
        assert server.stdout is not None
        server.stdout.close()
    assert client is not None
    server, port = begin(tmp_path)
    try:
        anyio.run(client.live, port, MESSAGES)
        deadline_s = time.monotonic() + 10
        while (contacts := _contacts(tmp_path)) < 1 and time.monotonic() < deadline_s:
            pass
        assert contacts == 1
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
        assert server.stdout is not None
        server.stdout.close()
    _compare(client, tmp_path)


def _contacts(folder: Path) -> int:
    history = SqliteHistory(folder / "history", vault=None)
    try:
        return len(history.contacts().contacts)
    finally:
        history.close()


def _compare(client: Client, folder: Path) -> None:
    history = SqliteHistory(folder / "history", vault=None)
    page = history.conversation(client.seen[0].conversation_id, page_size=1_000)
    entries = page.entries
    while page.cursor is not None:
        page = history.conversation(client.seen[0].conversation_id, page_size=1_000, cursor=page.cursor)
        entries += page.entries
    history.close()
    kept = [one.addition for one in entries if isinstance(one.addition, Message)]
    assert len({one.body for one in kept}) == len(kept)
    assert {one.body for one in kept} >= {f"message {one[1:]}" for one in client.acked}
    assert [one.number for one in client.seen] == list(range(1, len(client.seen) + 1))
    assert len(client.acked) >= MESSAGES
    assert sum(one.kind == ContactQueued.__struct_config__.tag for one in entries) == 1
