"""Starting and stopping child processes so that none is left behind."""

import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
ENDING = {signal.SIGINT, signal.SIGTERM}
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent():
    """Ask the kernel to end the child when the launcher is killed (Linux only)."""
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start(command, **options):
    """Start a command in a process group of its own.

    Ctrl-C in the terminal then reaches the launcher alone, which stops its children in order.
    One that comes while the child is being started waits until there is a child to stop.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)

    def prepare():
        die_with_parent()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    process = None
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=options.pop("stdin", subprocess.DEVNULL),
            start_new_session=True,
            preexec_fn=prepare,
            **options,
        )
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except BaseException:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if process:
            stop(process)
        raise
    return process


def stop(process, patience=10):
    """End a child and its group: politely, then after `patience` seconds for good."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def alive(pid):
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
