"""`berth`, as tools/berth starts it."""

import os

from berth.program import main

if __name__ == "__main__":
    # It has brought us here; a program that a command starts does not get our packages by it.
    os.environ.pop("PYTHONPATH", None)
    main()
