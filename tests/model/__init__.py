"""The oracle: the rules of routing once more, slow and obvious."""

from tests.model.model import Model, TimeJumpError

__all__ = ["Model", "TimeJumpError"]
