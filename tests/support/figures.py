"""Figures that the issues name, judged where a machine can be judged by them."""

import os
from pathlib import Path

from launcher.lab import idle_share

#: what even a starved machine keeps, in seconds
BOUND = 60
MEGABYTE = 1024 * 1024


def machine_is_quiet():
    """Tell whether figures bind: nothing else is at work here, no other test either."""
    return "PYTEST_XDIST_WORKER" not in os.environ and idle_share() >= 0.8


def assert_within(seconds, figure, quiet, what):
    """Check a duration against its figure on a quiet machine, against a bound anywhere.

    :param bool quiet: what :func:`machine_is_quiet` said before the test put load on it
    """
    print(f"{what}: {seconds:.2f} s (wanted: {figure} s)")
    assert seconds <= BOUND, what
    if quiet:
        assert seconds <= figure, what


def memory(process):
    """Return the highest resident size of a process so far, in bytes."""
    text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    line = next(each for each in text.splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
