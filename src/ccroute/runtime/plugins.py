"""Plug-ins: what installed packages register as entry points of ccroute. Nothing is loaded that is not asked for.

An entry point of all groups but ``ccroute.servers`` names a factory, ``make(name, options)``, which returns what has
the methods of the group's port. One of ``ccroute.servers`` names ``main(arguments)``, which returns an exit status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ccroute.errors import InvalidArgument, OutOfRange, PluginBroken, PluginNotFound, shown

if TYPE_CHECKING:
    from ccroute.ports import Channel, CustomerDirectory, HistoryStore, Journal, PresenceSource

__all__ = [
    "GROUPS",
    "Plugin",
    "channels_of",
    "installed",
    "load",
    "make",
    "make_channel",
    "make_directory",
    "make_history",
    "make_journal",
    "make_presence",
    "server",
]

CHANNELS: Final = "ccroute.channels"
PRESENCE: Final = "ccroute.presence"
HISTORIES: Final = "ccroute.histories"
JOURNALS: Final = "ccroute.journals"
DIRECTORIES: Final = "ccroute.directories"
SERVERS: Final = "ccroute.servers"

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    CHANNELS: ("run", "deliver"),
    PRESENCE: ("run",),
    HISTORIES: ("write", "through_seq", "position", "add", "contact", "timeline", "search", "close"),
    JOURNALS: ("claim", "append", "records", "mark", "subscribe", "confirm", "snapshots", "close"),
    DIRECTORIES: ("look_up",),
    SERVERS: (),
}
"""The groups of entry points, and some of what the objects that their factories make must have."""

_NO_OPTIONS: Final[Mapping[str, object]] = {}


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """An entry point of an installed package."""

    group: str
    """The group, as in ``ccroute.channels``."""
    name: str
    """By which it is asked for; of a channel, the channel's id in the configuration."""
    package: str
    """The distribution that has it."""
    version: str
    """Its version."""
    target: str
    """What is loaded, as in ``carrier_pigeon.channel:make``."""


def installed(group: str | None = None) -> list[Plugin]:
    """Return what is installed, by group in the order of ``GROUPS`` and by name. Loads nothing.

    :param group: the only group to tell of; None: all of them.
    :raises OutOfRange: there is no such group.
    """
    return [_told(one) for each in ([_known(group)] if group else GROUPS) for one in _found(each)]


def load(group: str, name: str) -> Callable[..., Any]:
    """Return what an entry point names, imported: a factory, or the ``main`` of a server.

    :raises OutOfRange: there is no such group.
    :raises PluginNotFound: no installed package has it.
    :raises PluginBroken: it cannot be imported, is nothing that can be called, or several packages have it.
    """
    return _load(_one(group, name))


def make(group: str, name: str, options: Mapping[str, object] = _NO_OPTIONS) -> Any:
    """Return what the factory of an entry point makes.

    :param options: whatever the plug-in documents.
    :raises OutOfRange: there is no such group.
    :raises PluginNotFound: no installed package has it.
    :raises PluginBroken: it cannot be loaded, raised, or does not make what has the methods of the port.
    :raises InvalidArgument: the factory says that an option is not allowed.
    """
    entry = _one(group, name)
    factory = _load(entry)
    try:
        made = factory(name, options)
    except InvalidArgument:
        raise
    except Exception as error:
        raise _broken(entry, f"{entry.value} raised {type(error).__name__}") from error
    missing = [one for one in GROUPS[group] if not hasattr(made, one)]
    if missing:
        raise _broken(entry, f"what it made is of type {type(made).__qualname__} and lacks {', '.join(missing)}")
    return made


def make_channel(name: str, options: Mapping[str, object] = _NO_OPTIONS) -> Channel:
    """Return the channel that a plug-in makes; see :func:`make`."""
    made: Channel = make(CHANNELS, name, options)
    return made


def make_presence(name: str, options: Mapping[str, object] = _NO_OPTIONS) -> PresenceSource:
    """Return the source of presence that a plug-in makes; see :func:`make`."""
    made: PresenceSource = make(PRESENCE, name, options)
    return made


def make_history(name: str, options: Mapping[str, object] = _NO_OPTIONS) -> HistoryStore:
    """Return the history that a plug-in makes; see :func:`make`."""
    made: HistoryStore = make(HISTORIES, name, options)
    return made


def make_journal(name: str, options: Mapping[str, object] = _NO_OPTIONS) -> Journal:
    """Return the journal that a plug-in makes; see :func:`make`."""
    made: Journal = make(JOURNALS, name, options)
    return made


def make_directory(name: str, options: Mapping[str, object] = _NO_OPTIONS) -> CustomerDirectory:
    """Return the directory that a plug-in makes; see :func:`make`."""
    made: CustomerDirectory = make(DIRECTORIES, name, options)
    return made


def server(name: str) -> Callable[[Sequence[str]], int]:
    """Return the ``main`` of a server; see :func:`load`."""
    return load(SERVERS, name)


def channels_of(
    channel_ids: Iterable[str],
    *,
    except_for: Iterable[str] = (),
    options: Mapping[str, Mapping[str, object]] | None = None,
) -> dict[str, Channel]:
    """Return the channels of a configuration that plug-ins make: those whose id is the name of an entry point.

    :param channel_ids: the ids in the configuration.
    :param except_for: ids of channels that are there already; nothing is made of them.
    :param options: those of each channel, by its id.
    :raises PluginBroken: one cannot be loaded or made.
    """
    there = {one.name for one in installed(CHANNELS)} - set(except_for)
    given = options or {}
    return {one: make_channel(one, given.get(one, _NO_OPTIONS)) for one in channel_ids if one in there}


def _known(group: str) -> str:
    if group not in GROUPS:
        raise OutOfRange("group", group, f"one of {', '.join(GROUPS)}")
    return group


def _found(group: str) -> list[EntryPoint]:
    # A package that is on the path twice, as when it is installed and in the folder at hand, is told once.
    found = {(one.name, _package(one), one.value): one for one in entry_points(group=group)}
    return [one for _, one in sorted(found.items())]


def _one(group: str, name: str) -> EntryPoint:
    found = [one for one in _found(_known(group)) if one.name == name]
    if not found:
        raise PluginNotFound(group, name, tuple(one.name for one in _found(group)))
    if len(found) > 1:
        packages = ", ".join(_package(one) for one in found)
        raise PluginBroken(group, name, packages, "several packages have it; uninstall all but one")
    return found[0]


def _load(entry: EntryPoint) -> Callable[..., Any]:
    try:
        loaded = entry.load()
    except Exception as error:  # somebody else's module: whatever importing it raises
        raised = f"{type(error).__name__}: {shown(str(error))}"
        raise _broken(entry, f"{entry.value} cannot be imported: {raised}") from error
    if not callable(loaded):
        raise _broken(entry, f"{entry.value} is of type {type(loaded).__qualname__}, which cannot be called")
    factory: Callable[..., Any] = loaded
    return factory


def _broken(entry: EntryPoint, problem: str) -> PluginBroken:
    return PluginBroken(entry.group, entry.name, _package(entry), problem)


def _told(entry: EntryPoint) -> Plugin:
    dist = entry.dist
    return Plugin(
        group=entry.group,
        name=entry.name,
        package="" if dist is None else dist.name,
        version="" if dist is None else dist.version,
        target=entry.value,
    )


def _package(entry: EntryPoint) -> str:
    told = _told(entry)
    return f"{told.package} {told.version}".strip()
