from ccroute.commands import EnqueueContact
from ccroute.config import PlanStep
from ccroute.engine.names import Names

# The compiled engine reaches all else through scrutiny.pxd.
def recheck(names: Names, command: EnqueueContact, is_over: bool = False) -> None: ...
def recheck_plan(names: Names, steps: list[PlanStep]) -> None: ...
