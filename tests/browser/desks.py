"""A desk in a process of its own, which can be killed and started again on the same port and the same files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ccroute import CustomerRecord
from ccroute.customers import handle, make_master_file, master_file, sqlite_customers, sqlite_vault
from desk.customer_chat import ACCOUNT
from desk.house import Files
from desk.people import People, Role, User

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 60
PASSWORD = "correct horse battery"

CONFIG = """
[channels.chat]
cost = 30

[queues.support]
offer = { mode = "ring", offer_timeout = "60s" }
wrap_up = "60s"
cooldown = "5s"

[queues.billing]
requires = "agent.skills.billing >= 30"
offer = { mode = "ring", offer_timeout = "60s" }
cooldown = "5s"

[agents.maxim]
skills = { billing = 40 }
queues = { support = 1, billing = 1 }
channels = { chat = { max = 2 } }

[agents.dorit]
queues = { support = 2 }
channels = { chat = { max = 1 } }

[agents.lena]
skills = { billing = 90 }
queues = { support = 3, billing = 3 }
"""

LEASED = CONFIG.replace("[agents.maxim]", '[agents.maxim]\nlease = "8s"\nlease_grace = "1s"')
"""The same, but that Maxim is lost when his page has not been heard for a while."""

USERS = (
    ("maxim", "agent", "maxim"),
    ("dorit", "agent", "dorit"),
    ("lena", "supervisor", "lena"),
    ("ada", "customer", None),
)


class DeskProcess:
    """A served desk."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.folder = folder
        self.address = ""
        """Where it is served; the same after each start."""
        self.lines: list[str] = []
        """What it has printed."""
        self._config = folder / "center.toml"
        self._config.write_text(config)
        self._process: subprocess.Popen[str] | None = None

    def add_users(self, users: Sequence[tuple[str, str, str | None]] = USERS, password: str = PASSWORD) -> None:
        """Let people sign in."""
        files = Files(folder=self.folder / "data")
        files.folder.mkdir(exist_ok=True)
        with closing(People(files.people)) as people:
            for name, role, agent_id in users:
                people.add(User(name=name, shown_name=name.title(), role=Role(role), agent_id=agent_id), password)

    def make_vip(self, name: str) -> None:
        """Let a customer with an account go first, from the next start on."""
        center = Files(folder=self.folder / "data").center
        master = Files(folder=self.folder / "data").master
        make_master_file(master)
        with (
            closing(sqlite_vault(center, master_file(master))) as vault,
            closing(sqlite_customers(center, vault)) as known,
        ):
            found = known.find_or_create(handle(ACCOUNT, name))
            known.remember(found.identity_id, CustomerRecord(name=name.title(), tier=1))

    def start(self) -> None:
        """Serve, and return when it listens."""
        port = self.address.rpartition(":")[2] or "0"
        arguments = ["--port", port, "--data", str(self.folder / "data"), "--config", str(self._config)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "desk", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(),
        )
        is_listening = threading.Event()
        threading.Thread(target=self._read, args=(self._process, is_listening), daemon=True).start()
        if not is_listening.wait(START_SECONDS_MAX) or not self.address:
            raise RuntimeError("the desk does not listen:\n" + "\n".join(self.lines))

    def _read(self, process: subprocess.Popen[str], is_listening: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip())
            if found := re.search(r"listening on (http\S+)", line):
                self.address = found[1]
                is_listening.set()
        is_listening.set()

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait for it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def environment() -> dict[str, str]:
    """Return what the desk needs to be found where it is not installed."""
    places = [str(ROOT / "src"), str(ROOT / "examples/desk"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONUNBUFFERED": "1"}
