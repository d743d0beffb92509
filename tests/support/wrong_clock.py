"""Runs a Python program whose clock is wrong: ``wrong_clock.py SECONDS PROGRAM …``.

Stands for a machine with a clock of its own, which a test cannot have. Only the time of
day is wrong; time that passes is measured as ever.
"""

import runpy
import sys
import time


def main():
    ahead = float(sys.argv[1])
    del sys.argv[:2]
    true_time = time.time
    time.time = lambda: true_time() + ahead
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
