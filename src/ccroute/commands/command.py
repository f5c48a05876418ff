"""What all commands share."""

from __future__ import annotations

import msgspec

__all__ = [
    "Command",
]


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """What all commands share."""

    command_id: str | None = None
    """Makes a repeat harmless: a second command with an id that is still remembered gives ``CommandRepeated``."""
    actor: str | None = None
    """Who asked; comes back in every event that the command causes."""
