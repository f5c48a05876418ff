from typing import final

from ccroute.engine.names import Names
from ccroute.engine.standing import Told

@final
class Output:
    def __new__(cls, names: Names, seq: int) -> Output: ...
    def tell_configured(self, told: Told) -> None: ...
