"""EN-04: Ctrl-C at any step, then again: it completes, with no half database."""

import signal

import pytest

from .fresh import PATIENCE, READY

# What the launcher prints in the middle of its steps, in their order.
STEPS = (
    "packages",
    "New PostgreSQL",
    "Demo group",
    "module 2",
    "Database mfg",
    "• Odoo …",
)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"]
)
def test_en_04_interrupted_at_each_step(fresh, source, number):
    clone = fresh(source=source)
    for step in STEPS:
        launched = clone.start("run")
        launched.wait_for(step, PATIENCE)
        launched.interrupt(number)
        assert launched.code != 0
        if number == signal.SIGINT:
            assert clone.processes() == [], f"left behind after Ctrl-C at {step!r}"

    launched = clone.start("run")
    launched.wait_for(READY, PATIENCE)
    launched.interrupt()

    databases = clone.databases()
    assert {meta["state"] for meta in databases.values()} == {"complete"}
    assert sorted(name.split("_")[1:2] for name in databases) == [[], ["demo"]]
    assert clone.processes() == []
