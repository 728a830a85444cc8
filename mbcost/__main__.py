"""``python -m mbcost``."""

from mbcost.cli import main

if __name__ == "__main__":
    main()
