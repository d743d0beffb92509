"""The page of traceability names every scenario that has tests, and only tests there are."""

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "traceability.md"
ROW = re.compile(
    r"^\| ([A-Z]{2}-\d{2}) \| ([^|]+) \| ([^|]*) ?\| ([^|]+) \|$", re.MULTILINE
)
SCENARIO = re.compile(r"^ *(?:async )?def test_(iq|qh|at|mc|pi|su|en)_(\d{2})_", re.M)


def rows():
    """Return ``[(id, {path}, state)]`` of the page's tables."""
    page = PAGE.read_text(encoding="utf-8")
    return [
        (scenario, set(re.findall(r"`([^`]+)`", files)), state)
        for scenario, _what, files, state in ROW.findall(page)
    ]


def proofs():
    """Return the paths of the files that test each scenario, by its id."""
    found = defaultdict(set)
    for folder in ("tests", "addons"):
        for path in (ROOT / folder).rglob("test_*.py"):
            name = path.relative_to(ROOT).as_posix()
            for code, number in SCENARIO.findall(path.read_text(encoding="utf-8")):
                found[f"{code.upper()}-{number}"].add(name)
    return found


def test_each_scenario_has_one_row():
    scenarios = [scenario for scenario, _files, _state in rows()]
    assert len(scenarios) > 100
    assert sorted(scenarios) == sorted(set(scenarios))


def test_page_and_tests_name_each_other():
    found = proofs()
    listed = {scenario: files for scenario, files, _state in rows() if files}
    assert listed == dict(found)


def test_state_agrees_with_the_tests():
    for scenario, files, state in rows():
        kind = state.split(":")[0]
        assert kind in ("tested", "part", "not built yet"), scenario
        assert kind == "part" or bool(files) == (kind == "tested"), scenario
