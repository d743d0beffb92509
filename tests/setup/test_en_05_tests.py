"""EN-05: `./mfg test` on a clean clone, and a second time."""

import re


def test_en_05_all_tests_pass_and_the_second_run_is_quick(fresh, source):
    clone = fresh(source=source)

    first = clone.call("test", timeout=3600, MFG_REQUIRE_BROWSER="1")

    assert first.code == 0, first.output[-5000:]
    assert re.search(r"=+ \d+ passed.* in ", first.output)
    assert "browser tests skipped" not in first.output
    assert "Suite template" in first.output

    second = clone.call("test", "-k", "en_09", timeout=300)

    assert second.code == 0, second.output[-5000:]
    assert "template" not in second.output
    assert [name for name in clone.databases() if name.startswith("mfg_test_")] == []
    assert clone.processes() == []
