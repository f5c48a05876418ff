from typing import final

from ccroute.core.acd import Acd
from ccroute.sim.arrivals import Arrivals, Assignments

@final
class Loop:
    def __new__(cls, acd: Acd, arrivals: Arrivals, breaks_off: bool) -> Loop: ...

def open_doors(acd: Acd) -> None: ...
def simulate(acd: Acd, arrivals: Arrivals, *, breaks_off: bool = False) -> Assignments: ...
