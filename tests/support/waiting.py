"""Waiting for a condition of another process: never for a span of time."""

import time


def wait_for(condition, timeout, what):
    """Return the first truthy value of ``condition()``.

    :param condition: callable without arguments; its last value is quoted on failure
    :param float timeout: seconds
    :param str what: the condition in words, for the failure message
    :raise AssertionError: the condition did not come true in time
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not within {timeout} s: {what} (last seen: {value!r})"
            )
        time.sleep(0.02)  # pause between two looks, not a guess at a duration
