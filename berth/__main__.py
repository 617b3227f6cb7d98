"""`berth`, as tools/berth starts it."""

from berth.program import main

if __name__ == "__main__":
    main()
