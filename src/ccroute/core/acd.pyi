from typing import final

from ccroute.core.sight import Sight

@final
class Acd(Sight): ...
