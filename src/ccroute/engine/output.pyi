from typing import final

from ccroute.engine.names import Names

@final
class Output:
    def __new__(cls, names: Names, seq: int) -> Output: ...
