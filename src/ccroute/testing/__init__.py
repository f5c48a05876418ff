"""For those who write a backend, and for its tests: what everybody may rely on, as functions that check it.

Suites raise ``AssertionError`` with the promise that is not kept. Each name is imported when it is first used: those of
asynchronous ports need ``anyio``, ``strategies`` needs hypothesis; the extra ``testing`` has both.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from ccroute.errors import ExtraMissing

if TYPE_CHECKING:
    from ccroute.testing import strategies
    from ccroute.testing.channel import ChannelOutside, Visitor, check_channel
    from ccroute.testing.clock import VirtualClock
    from ccroute.testing.clocks import check_clock
    from ccroute.testing.directory import check_directory
    from ccroute.testing.history import check_history, history_events
    from ccroute.testing.inlet import TrialInlet
    from ccroute.testing.journal import check_journal
    from ccroute.testing.presence import Employee, PresenceOutside, check_presence

__all__ = [
    "ChannelOutside",
    "Employee",
    "PresenceOutside",
    "TrialInlet",
    "VirtualClock",
    "Visitor",
    "check_channel",
    "check_clock",
    "check_directory",
    "check_history",
    "check_journal",
    "check_presence",
    "history_events",
    "strategies",
]

_MODULES: Final = {
    "ChannelOutside": "channel",
    "Employee": "presence",
    "PresenceOutside": "presence",
    "TrialInlet": "inlet",
    "VirtualClock": "clock",
    "Visitor": "channel",
    "check_channel": "channel",
    "check_clock": "clocks",
    "check_directory": "directory",
    "check_history": "history",
    "check_journal": "journal",
    "check_presence": "presence",
    "history_events": "history",
    "strategies": "strategies",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] in {"anyio", "hypothesis"}:
            raise ExtraMissing("testing", "tests of asynchronous ports, and strategies") from error
        raise
    return module if name == "strategies" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
