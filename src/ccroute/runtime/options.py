"""What a router is opened with, looked at before anything is opened."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, NamedTuple

from ccroute.config import Config
from ccroute.customers.store import Customers
from ccroute.errors import InvalidArgument, InvalidId, OutOfRange, WrongType
from ccroute.ports import Channel, Clock, CustomerDirectory, HistoryStore, Journal, PresenceSource
from ccroute.runtime.plugins import CHANNELS, DIRECTORIES, GROUPS, HISTORIES, JOURNALS, PRESENCE
from ccroute.runtime.policy import RouterPolicy
from ccroute.storage.disk import checked_path

__all__ = ["Options"]

_NAME_MAX: Final = 128


class Options(NamedTuple):
    """What a router is opened with; see ``Router.open``."""

    path: str | os.PathLike[str] | None
    config: Config | str | os.PathLike[str] | None
    name: str
    journal: Journal | None
    history: HistoryStore | None
    clock: Clock | None
    channels: Mapping[str, Channel]
    presence: Mapping[str, PresenceSource]
    directory: CustomerDirectory | None
    customers: Customers | None
    policy: RouterPolicy
    plugins: bool

    def check(self) -> None:
        """Check everything but the configuration.

        :raises InvalidArgument: something is not allowed.
        """
        if type(self.policy) is not RouterPolicy:
            raise WrongType("policy", self.policy, "a RouterPolicy, or None")
        self.policy.check()
        if self.path is not None:
            checked_path("path", self.path)
            if self.journal is not None:
                raise InvalidArgument("journal", self.journal, "None where a path is given")
        _check_name(self.name)
        if type(self.plugins) is not bool:
            raise WrongType("plugins", self.plugins, "a bool")
        for argument, value, port, methods in (
            ("journal", self.journal, "a Journal", GROUPS[JOURNALS]),
            ("history", self.history, "a HistoryStore", GROUPS[HISTORIES]),
            ("clock", self.clock, "a Clock", ("now_us",)),
            ("directory", self.directory, "a CustomerDirectory", GROUPS[DIRECTORIES]),
            ("customers", self.customers, "a Customers", ("find_or_create", "customer", "vault")),
        ):
            if value is not None:
                _check_port(argument, value, f"{port}, or None", methods)
        _check_plugs("channels", self.channels, "a Channel", GROUPS[CHANNELS])
        _check_plugs("presence", self.presence, "a PresenceSource", GROUPS[PRESENCE])


def _check_name(name: object) -> None:
    if type(name) is not str:
        raise WrongType("name", name, "a str")
    if not name or len(name) > _NAME_MAX:
        raise OutOfRange("name", name, f"of 1 to {_NAME_MAX} characters")
    if not name.isprintable():
        # It is a part of keys, and stands in the history.
        raise InvalidId("name", name, f"1 to {_NAME_MAX} printable characters")


def _check_plugs(argument: str, plugs: object, port: str, methods: tuple[str, ...]) -> None:
    if not isinstance(plugs, Mapping):
        raise WrongType(argument, plugs, f"a mapping from ids to what each has: {port}")
    for name, plug in plugs.items():
        if type(name) is not str:
            raise WrongType(argument, name, "of ids that are a str")
        if not name or not name.isprintable():
            raise InvalidId(argument, name, "of ids of printable characters")
        _check_port(f"{argument}[{name!r}]", plug, port, methods)


def _check_port(argument: str, value: object, port: str, methods: tuple[str, ...]) -> None:
    missing = [one for one in methods if not hasattr(value, one)]
    if missing:
        raise WrongType(argument, value, f"{port}; it lacks {', '.join(missing)}")
    if isinstance(value, type):
        raise WrongType(argument, value, f"{port}; it is the class, not what it makes")
