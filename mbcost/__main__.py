"""The program: ``mbcost`` and ``python -m mbcost``."""

import gc
import os
import sys


def main() -> None:
    """Run the command line.

    A query lives for a few hundredths of a second and leaves no garbage worth a collection; the collector would spend a
    twentieth of that time looking. It stays on for long work, at a higher threshold.

    What keeps the program from running ends with 2 and one message. So does a defect of its own, with its traceback:
    Python's own exit code for that, 1, means that a check said no.
    """
    try:
        from mbcost.process import end, end_on_signals, open_streams

        end_on_signals()
        open_streams()
        gc.set_threshold(200_000, 20, 20)
        from mbcost.cli import run

        end(run(sys.argv[1:]))
    except KeyboardInterrupt:  # before there was a handler
        os._exit(130)
    except (ImportError, MemoryError, OSError) as error:
        _fail(f"error: mbcost cannot run: {str(error) or 'not enough memory'}\n")
    except Exception:  # noqa: BLE001  (the last place that can see it)
        from traceback import format_exc

        _fail(format_exc())


def _fail(message: str) -> None:
    try:
        os.write(2, message.encode("utf-8", "backslashreplace"))
    finally:
        os._exit(2)


if __name__ == "__main__":
    main()
