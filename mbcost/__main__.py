"""The program: ``mbcost`` and ``python -m mbcost``."""

import gc


def main() -> None:
    """Run the command line.

    A query lives for a few hundredths of a second and leaves no garbage worth a collection; the collector would spend a
    twentieth of that time looking. It stays on for long work, at a higher threshold.
    """
    gc.set_threshold(200_000, 20, 20)
    from mbcost.cli import main as run

    run()


if __name__ == "__main__":
    main()
