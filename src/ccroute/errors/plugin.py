"""What plug-ins raise, and what is raised about them."""

from __future__ import annotations

from typing import final

from ccroute.errors.argument import CcrouteError, shown

__all__ = ["PluginBroken", "PluginNotFound", "Undeliverable"]


@final
class Undeliverable(CcrouteError, RuntimeError):
    """A channel raises it of what can never be delivered: it is put into quarantine, and not tried again by itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """Why, in words for whoever looks at the quarantine; nothing personal."""


@final
class PluginNotFound(CcrouteError, LookupError):
    """No installed package has an entry point of this name in this group."""

    def __init__(self, group: str, name: str, installed: tuple[str, ...]) -> None:
        there = ", ".join(installed) if installed else "none is installed"
        super().__init__(f"no installed package has {shown(name)} among its entry points {group}; there are: {there}")
        self.group = group
        """The group, as in ``ccroute.channels``."""
        self.name = name
        """The name that was asked for."""
        self.installed = installed
        """The names that there are in the group, sorted."""

    def __reduce__(self) -> tuple[type[PluginNotFound], tuple[object, ...]]:
        return type(self), (self.group, self.name, self.installed)


@final
class PluginBroken(CcrouteError, RuntimeError):
    """An installed package could not be loaded, or does not make what it should; ``__cause__`` has what it raised."""

    def __init__(self, group: str, name: str, package: str, problem: str) -> None:
        super().__init__(f"entry point {shown(name)} of {group}, from the package {package}: {problem}")
        self.group = group
        """The group, as in ``ccroute.channels``."""
        self.name = name
        """The name of the entry point."""
        self.package = package
        """The distribution that has it, with its version."""
        self.problem = problem
        """What is wrong."""

    def __reduce__(self) -> tuple[type[PluginBroken], tuple[object, ...]]:
        return type(self), (self.group, self.name, self.package, self.problem)
