"""`berth`, as tools/berth starts it."""

import os

from berth.program import main

if __name__ == "__main__":
    # tools/berth sets it; the programs that a command starts do not need Berth's packages.
    os.environ.pop("PYTHONPATH", None)
    main()
