"""Many routers in one process: isolated, fairly scheduled, with threads that they share."""

from __future__ import annotations

from typing import final

__all__ = ["Tenants"]


@final
class Tenants:
    """Routers by name."""
