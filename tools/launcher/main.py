"""The verbs of `./mfg`."""

import argparse
import os
import signal
import sys
import time

from . import setup
from .checkout import Checkout
from .errors import LauncherError
from .progress import Progress

STARTED = "MFG_STARTED"


def main(arguments):
    """Run one verb and return the exit code; errors are messages, not tracebacks."""
    os.environ.setdefault(STARTED, str(time.time()))
    signal.signal(signal.SIGTERM, _interrupt)
    checkout = Checkout.here()
    progress = Progress()
    try:
        options, rest = _parser().parse_known_args(arguments)
        if rest and options.verb not in TAKES_MORE:
            raise LauncherError(
                f"`./mfg {options.verb}` does not know {' '.join(rest)}."
            )
        if options.verb not in WITHOUT_ENVIRONMENT:
            setup.enter_environment(checkout, progress, arguments)
        return VERBS[options.verb](checkout, progress, options, rest) or 0
    except LauncherError as error:
        print(f"\nmfg: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    finally:
        # Started for the next process by os.execve(), which does not come back here.
        os.environ.pop(STARTED, None)


def _interrupt(_number, _frame):
    raise KeyboardInterrupt


def _parser():
    parser = argparse.ArgumentParser(
        prog="./mfg", description="Odoo Manufacturing Group Suite"
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    parser.set_defaults(verb="help")

    def verb(name, text):
        found = verbs.add_parser(
            name, help=text, description=text, prog=f"./mfg {name}"
        )
        return found

    verb("help", "show this")
    verb("setup", "Odoo source, Python packages, PostgreSQL: everything but a database")
    run = verb("run", "bring up the demo group and print its address and logins")
    run.add_argument("--port", type=int, help="HTTP port (8069, or the next free one)")
    run.add_argument("--interface", default="127.0.0.1", help="address to listen on")
    run.add_argument("--open", action="store_true", help="open a browser")
    test = verb("test", "run the tests; other arguments go to pytest")
    forms = test.add_mutually_exclusive_group()
    for name, text in LONG_FORMS.items():
        forms.add_argument(
            f"--{name}", dest="form", action="store_const", const=name, help=text
        )
    test.add_argument("--quick", action="store_true", help="short form of --matrix")
    bench = verb("bench", "run the benchmarks, or the one named")
    bench.add_argument("name", nargs="?")
    bench.add_argument(
        "--quick", action="store_true", help="fewer repetitions, every figure"
    )
    bench.add_argument(
        "--json", action="store_true", help="print only the result, as JSON"
    )
    faults = verb("faults", "run the fault tests; other arguments go to pytest")
    faults.add_argument("name", nargs="?")
    faults.add_argument("--quick", action="store_true", help="without the long ones")
    faults.add_argument(
        "--database", help="run on clones of this database instead of the demo"
    )
    shots = verb("screenshots", "take a picture of every main screen")
    shots.add_argument("--out", default="docs/img", help="folder (docs/img)")
    verb("doctor", "show what was found on this machine")
    verb("shell", "Odoo's Python shell on the demo database")
    verb("psql", "psql on the demo database; other arguments go to psql")
    verb("logs", "follow the logs of the running services")
    verb("reset", "drop the demo database; the next run makes it anew")
    verb("stop", "stop the services and PostgreSQL of this checkout")
    verb("clean", "stop, then remove everything ./mfg made for this checkout")
    verb("lint", "ruff, pylint-odoo, well-formed XML")
    verb("pot", "write the translation templates of the modules")
    return parser


LONG_FORMS = {
    "matrix": "each module alone into plain Odoo, with and without demo data, and out again",
    "core": "Odoo's own tests of the modules we touch, plain against ours",
    "setup": "EN-01 to EN-05 in fresh clones of this repository",
    "native": "Odoo's own test runner, at_install tests included",
}
TAKES_MORE = {"test", "faults", "psql"}
WITHOUT_ENVIRONMENT = {"help", "doctor", "stop", "clean", "logs"}


def _help(_checkout, _progress, _options, _rest):
    _parser().print_help()


def _setup(checkout, progress, _options, _rest):
    workspace = setup.open_workspace(checkout, progress)
    progress.note(f"Ready: Odoo {workspace.source.home}, state {checkout.state}")


def _run(checkout, progress, options, _rest):
    from . import run

    workspace = setup.open_workspace(checkout, progress)
    run.run(
        workspace,
        options.port,
        options.interface,
        options.open,
        float(os.environ[STARTED]),
    )


def _test(checkout, progress, options, rest):
    from . import test_runner

    if options.form:
        from . import long_forms

        return long_forms.run(options.form, checkout, progress, options.quick, rest)
    return test_runner.run(checkout, rest)


def _bench(checkout, progress, options, _rest):
    from . import bench

    return bench.run(checkout, progress, options.name, options.quick, options.json)


def _faults(checkout, progress, options, rest):
    from . import faults

    return faults.run(
        checkout, progress, options.name, options.quick, options.database, rest
    )


def _screenshots(checkout, progress, options, _rest):
    from . import screenshots

    return screenshots.run(setup.open_workspace(checkout, progress), options.out)


def _doctor(checkout, _progress, _options, _rest):
    from . import doctor

    return doctor.run_doctor(checkout)


def _shell(checkout, progress, _options, _rest):
    from . import upkeep

    return upkeep.shell(setup.open_workspace(checkout, progress))


def _psql(checkout, progress, _options, rest):
    from . import upkeep

    return upkeep.psql(setup.open_workspace(checkout, progress), rest)


def _logs(checkout, _progress, _options, _rest):
    from . import upkeep

    return upkeep.logs(checkout)


def _reset(checkout, progress, _options, _rest):
    from . import upkeep

    return upkeep.reset(setup.open_workspace(checkout, progress))


def _stop(checkout, progress, _options, _rest):
    from . import upkeep

    return upkeep.stop(checkout, progress)


def _clean(checkout, progress, _options, _rest):
    from . import upkeep

    return upkeep.clean(checkout, progress)


def _lint(checkout, progress, _options, _rest):
    from . import lint

    return lint.run(checkout, progress)


def _pot(checkout, progress, _options, _rest):
    from . import upkeep

    return upkeep.pot(setup.open_workspace(checkout, progress))


VERBS = {
    "help": _help,
    "setup": _setup,
    "run": _run,
    "test": _test,
    "bench": _bench,
    "faults": _faults,
    "screenshots": _screenshots,
    "doctor": _doctor,
    "shell": _shell,
    "psql": _psql,
    "logs": _logs,
    "reset": _reset,
    "stop": _stop,
    "clean": _clean,
    "lint": _lint,
    "pot": _pot,
}
