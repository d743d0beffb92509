"""Python processes that begin where importing Odoo and its add-ons ended.

Most of what a start of Odoo costs is reading the code of a hundred modules. Python's own
fork server has read them once; what is forked from it goes its own way like any other
process: with a session, configuration, connections and log of its own. (Benchmarks do
without: a forked process is not the one that people run.)
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from contextlib import contextmanager
from multiprocessing import forkserver, reduction

from . import processes, warm_imports


def available():
    """Whether this machine can fork processes safely."""
    return sys.platform == "linux"


class Warm:
    """Starts processes as `processes.start` does.

    :param odoo: :class:`.odoo.Odoo`
    :param modules: names of the modules to import beforehand
    """

    def __init__(self, odoo, modules):
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([warm_imports.__name__])
        paths = [odoo.source.home, *sys.path]
        wanted = {
            "PYTHONPATH": os.pathsep.join(str(path) for path in paths if path),
            "TZ": "UTC",  # as odoo-bin wants it, before anything is imported
            warm_imports.WANTED: f"{odoo.addons_path()}|{','.join(modules)}",
        }
        with _environment(wanted):
            forkserver.ensure_running()

    def start(self, command, **options):
        """Start `[python, script, …]` or `[python, "-m", module, …]`.

        :param options: `env`, `stdin`, `stdout`, `stderr`, as subprocess.Popen has them;
            pipes are of text
        :return: what `subprocess.Popen` returns, as far as it is used here
        """
        return ForkedProcess(self._context, [str(part) for part in command], **options)


class ForkedProcess:
    """The look of `subprocess.Popen` on a forked process."""

    def __init__(
        self,
        context,
        command,
        env=None,
        stdin=subprocess.DEVNULL,
        stdout=None,
        stderr=None,
        **text,
    ):
        self.args = command
        with open(os.devnull, "r+b") as nothing:
            ours, theirs = {}, {}
            for number, given in enumerate((stdin, stdout, stderr)):
                if given == subprocess.PIPE:
                    ends = os.pipe()
                    ours[number], theirs[number] = ends if number else ends[::-1]
                elif given == subprocess.DEVNULL:
                    theirs[number] = nothing.fileno()
                elif given == subprocess.STDOUT:
                    theirs[number] = theirs[1]
                elif given is not None:
                    theirs[number] = given if isinstance(given, int) else given.fileno()
            self._process = context.Process(
                target=_run,
                args=[command[1:], env or dict(os.environ), _Descriptors(theirs)],
                daemon=True,
            )
            self._process.start()
        for number in ours:
            os.close(theirs[number])
        self.pid = self._process.pid
        errors = text.get("errors")
        self.stdin, self.stdout, self.stderr = (
            open(ours[number], "r" if number else "w", errors=errors)
            if number in ours
            else None
            for number in range(3)
        )

    @property
    def returncode(self):
        """Exit code, minus the signal that ended the process, None while it runs."""
        return self._process.exitcode

    def poll(self):
        """Exit code, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout=None):
        """Wait for the end; raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self._process.exitcode

    def send_signal(self, signum):
        """Send a signal unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def terminate(self):
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """End it."""
        self.send_signal(signal.SIGKILL)


class _Descriptors:
    """{number in the child: file descriptor of ours}, handed over with the arguments."""

    def __init__(self, numbers):
        self._numbers = numbers

    def __getstate__(self):
        return {
            number: reduction.DupFd(descriptor)
            for number, descriptor in self._numbers.items()
        }

    def __setstate__(self, state):
        self._numbers = {number: each.detach() for number, each in state.items()}

    def take(self):
        """Make them the standard streams of this process."""
        for number, descriptor in self._numbers.items():
            os.dup2(descriptor, number)
        for descriptor in set(self._numbers.values()):
            os.close(descriptor)
        sys.stdin = open(0, closefd=False)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True)


def _run(arguments, environment, descriptors):
    processes.die_with_parent()
    os.setsid()
    descriptors.take()
    os.environ.clear()
    os.environ.update(environment)
    if arguments[0] == "-m":
        sys.argv[:] = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = arguments
        runpy.run_path(arguments[0], run_name="__main__")


@contextmanager
def _environment(wanted):
    """Set environment variables, for what inherits them at its start only."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
