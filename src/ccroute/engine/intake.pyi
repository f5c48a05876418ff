from ccroute.commands import Command
from ccroute.engine.names import Names

# The compiled engine reaches all else through intake.pxd.
def recheck(names: Names, command: Command) -> None: ...
