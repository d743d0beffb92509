"""Manufacturing execution system of the demo group's plant C.

    python tools/simulators/mes.py --port 8769 --state DIR [--secret whsec_...]

Three paths, three characters:

    /events, /mes      accepts every valid event
    /quality-archive   refuses every event with 422: the contract does not suit it
    /planning          overloaded: 503 to the first two deliveries of an event, then
                       accepts
"""

from receiver import Answer, Receiver, run, shipped_settings

PLANNING_FAILURES = 2


def accept(event, earlier):
    """Take the event."""
    return Answer(200)


def refuse(event, earlier):
    """Refuse the contract, whatever the event says."""
    return Answer(
        422,
        "Contract refused",
        f"The quality archive has no mapping for {event['type']}.",
    )


def overloaded(event, earlier):
    """Fail the first deliveries of each event, then take it."""
    if earlier < PLANNING_FAILURES:
        return Answer(503, "Planning run in progress", "Try again in a moment.")
    return Answer(200)


class Mes(Receiver):
    """Receiver with the three characters of the module's description."""

    name = "mes"

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.characters = {
            "/events": accept,
            "/mes": accept,
            "/planning": overloaded,
            "/quality-archive": refuse,
        }


if __name__ == "__main__":
    shipped = shipped_settings("mes")
    run(Mes, __doc__, shipped["port"], shipped["secret"])
