"""What is not installed, or not as it should be."""

from __future__ import annotations

from typing import final

from ccroute.errors.argument import CcrouteError

__all__ = [
    "ExtraMissing",
    "ServerMissing",
]


@final
class ExtraMissing(CcrouteError, ImportError):
    """What was asked for needs an optional part of ccroute that is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} need the extra {extra}: pip install 'ccroute[{extra}]'")
        self.extra = extra
        """Name of the extra."""
        self.purpose = purpose
        """What needs it, in the plural."""

    def __reduce__(self) -> tuple[type[ExtraMissing], tuple[object, ...]]:
        return type(self), (self.extra, self.purpose)


@final
class ServerMissing(CcrouteError, LookupError):
    """No package is installed that has a server for ``ccroute serve``."""

    def __init__(self) -> None:
        super().__init__(
            "no server is installed: pip install ccroute-desk, or from a clone of ccroute pip install ./examples/desk; "
            "any package with an entry point of the group ccroute.servers will do"
        )

    def __reduce__(self) -> tuple[type[ServerMissing], tuple[object, ...]]:
        return type(self), ()
