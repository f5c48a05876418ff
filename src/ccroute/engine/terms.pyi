from collections.abc import Sequence

from ccroute.engine.names import Names

# The compiled engine reaches all else through terms.pxd.
def class_now(names: Names, contact: int) -> tuple[int, Sequence[int] | None, Sequence[int] | None]: ...
def allowance_now(names: Names, contact: int) -> tuple[Sequence[int] | None, Sequence[int] | None]: ...
