import builtins
from typing import final

@final
class Tape:
    def __new__(cls, data: builtins.bytes | None = None) -> Tape: ...
    def bytes(self) -> builtins.bytes: ...
