"""``python -m ccroute`` is the command ``ccroute``."""

import sys

from ccroute.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
