"""`./mfg bench`: runs tests/benchmarks/bench_<name>.py, prints figures and ratios."""

import importlib.util
import json
import sys

from .errors import LauncherError
from .lab import open_lab

PREFIX = "bench_"


def run(checkout, progress, name=None, quick=False, as_json=False):
    """Run one benchmark or all of them; returns the exit code.

    Raises LauncherError when there is none of that name.
    """
    files = found(checkout)
    if name and name not in files:
        raise LauncherError(
            f"There is no benchmark {name}.",
            f"There are: {', '.join(files) or 'none'}.",
        )
    if not files:
        raise LauncherError("There is no benchmark in tests/benchmarks.", exit_code=1)
    wanted = [name] if name else list(files)
    lab = open_lab(checkout, progress, quick)
    try:
        machine = lab.machine()
        progress.note(f"PostgreSQL {lab.settings()}")
        result = {
            "name": name or "all",
            "machine": machine,
            "figures": {},
            "ratios": {},
        }
        for label in wanted:
            with progress.step(f"Benchmark {label}"):
                measured = _load(files[label]).run(quick, lab)
            # With several benchmarks a key says which one it belongs to.
            prefix = "" if name else f"{label}."
            for part in ("figures", "ratios"):
                values = measured.get(part, {})
                result[part].update(
                    {prefix + key: value for key, value in values.items()}
                )
    finally:
        lab.close()
    print(json.dumps(result) if as_json else _table(result))
    return 0


def found(checkout):
    """{name: path} of the benchmarks."""
    folder = checkout.root / "tests" / "benchmarks"
    return {
        path.stem[len(PREFIX) :]: path for path in sorted(folder.glob(f"{PREFIX}*.py"))
    }


def _load(path):
    # A benchmark may import its neighbours and the packages of tests/.
    for folder in (path.parents[2], path.parent):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _table(result):
    lines = [", ".join(f"{key} {value}" for key, value in result["machine"].items())]
    for part in ("figures", "ratios"):
        for key, value in result[part].items():
            lines.append(f"{part[:-1]:<7} {key:<48} {value:>14,.3f}")
    return "\n".join(lines)
