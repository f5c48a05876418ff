from ccroute.commands import Command
from ccroute.engine.names import Names

# The compiled engine reaches all else through scrutiny.pxd.
def recheck(names: Names, command: Command) -> None: ...
