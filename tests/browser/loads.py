"""A desk of its own under load: what ``python -m tests.browser.loads`` measures, and a test does in short.

python -m tests.browser.loads [--customers 100] [--agents 20] [--seconds 30]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from examples.load import run, show

from tests.browser.desks import PASSWORD, DeskProcess

CHATS_EACH = 6
"""How many chats an agent takes at once."""


def config_for(agents: int) -> str:
    """Return a contact centre of one queue, in which all agents do the same."""
    rows = "".join(
        f"\n[agents.agent{number}]\nqueues = {{ support = 1 }}\nchannels = {{ chat = {{ max = {CHATS_EACH} }} }}\n"
        'lease = "20s"\n'
        for number in range(agents)
    )
    return f"""
[channels.chat]
cost = 10

[queues.support]
offer = {{ mode = "ring", offer_timeout = "20s" }}
wrap_up = "5s"
{rows}"""


def measure(folder: Path, *, customers: int, agents: int, seconds: float, pause_s: float = 4.0) -> dict[str, Any]:
    """Serve a desk in a folder, put it under load, and return what was counted."""
    desk = DeskProcess(folder, config_for(agents))
    names = [f"agent{number}" for number in range(agents)]
    desk.add_users([(name, "agent", name) for name in names])
    desk.start()
    try:
        users = [(name, PASSWORD) for name in names]
        report = asyncio.run(run(desk.address, users, customers=customers, seconds=seconds, pause_s=pause_s))
    finally:
        desk.stop()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {**report, "server_cpu_s": round(ended.ru_utime + ended.ru_stime, 2)}


def main() -> int:
    """Measure, print, and return 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), customers=given.customers, agents=given.agents, seconds=given.seconds)
    show(report)
    print(f"the server took {report['server_cpu_s']} s of a processor, its start included")
    return 1 if report["lost"] or report["doubled"] or report["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
