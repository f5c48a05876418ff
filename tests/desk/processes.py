"""The server as a process: started, asked over the network, killed, and started again."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import msgspec
from websockets.sync.client import ClientConnection, connect

START_S = 60.0
"""How long a server may take to listen; much longer than it does, for machines that are busy."""
FRAME_S = 20.0


class Process:
    """A server."""

    def __init__(self, folder: Path, arguments: Sequence[str], entry: Sequence[str] = ("-m", "desk")) -> None:
        command = [sys.executable, *entry, "--port", "0", "--data", str(folder), *arguments]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        self.lines: list[str] = []
        self.url = self._wait_listening()

    def _wait_listening(self) -> str:
        assert self._process.stdout is not None
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            ready, _, _ = select.select([self._process.stdout], [], [], 1.0)
            if not ready:
                continue
            line = self._process.stdout.readline()
            if not line:
                break
            self.lines.append(line.rstrip("\n"))
            if line.startswith("desk: listening on "):
                return line.split()[-1]
        self._process.kill()
        _, told = self._process.communicate()
        raise AssertionError(f"it does not listen: {told}")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to end, and return its exit status and what it complained of."""
        self._process.send_signal(number)
        _, told = self._process.communicate(timeout=START_S)
        return self._process.returncode, told

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process.poll() is None:
            self.kill()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


@contextlib.contextmanager
def running(folder: Path, *arguments: str, entry: Sequence[str] = ("-m", "desk")) -> Iterator[Process]:
    """Run a server with its data in a folder."""
    process = Process(folder, arguments, entry)
    try:
        yield process
    finally:
        process.close()


class Person:
    """A user's browser, which keeps its cookies when the server comes back under another port."""

    def __init__(self, url: str, name: str | None = None, password: str = "") -> None:
        self._url = url
        self._http = httpx.Client(base_url=url)
        self._sockets = contextlib.ExitStack()
        if name is not None:
            answer = self._http.post("/api/sign-in", json={"name": name, "password": password})
            assert answer.status_code == 200, answer.text
            self._http.headers["X-CSRF-Token"] = answer.json()["csrf"]

    def move(self, url: str) -> None:
        """Go to a server that has come back."""
        cookies, headers = self._http.cookies, {"X-CSRF-Token": self._http.headers.get("X-CSRF-Token", "")}
        self.close()
        self._url, self._http = url, httpx.Client(base_url=url, cookies=cookies, headers=headers)

    def post(self, path: str, **body: object) -> dict[str, object]:
        """Have something done."""
        answer = self._http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def get(self, path: str) -> httpx.Response:
        """Ask for something."""
        return self._http.get(path)

    def open(self, path: str) -> Line:
        """Open a WebSocket."""
        cookie = "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())
        opening = connect(
            self._url.replace("http", "ws", 1) + path,
            origin=self._url,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookie} if cookie else None,
        )
        return Line(self._sockets.enter_context(opening))

    def close(self) -> None:
        """Close everything."""
        self._sockets.close()
        self._http.close()


class Line:
    """A WebSocket of a person."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def say(self, **frame: object) -> None:
        """Send a frame."""
        self._socket.send(msgspec.json.encode(frame).decode())

    def wait_for(self, kind: str, **wanted: object) -> dict[str, object]:
        """Return the next frame of a type whose fields are as wanted."""
        while True:
            frame = msgspec.json.decode(self._socket.recv(timeout=FRAME_S), type=dict[str, object])
            if frame["type"] == kind and all(frame.get(name) == value for name, value in wanted.items()):
                return frame
