"""``python -m hexray.cli`` is the ``hexray`` command."""

import sys

from hexray.cli import main

if __name__ == "__main__":
    sys.exit(main())
