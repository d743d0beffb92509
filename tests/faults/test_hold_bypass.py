"""The attempts to get around a quality hold, on a clone of the database."""

import json
import textwrap

import pytest


@pytest.mark.long  # ./mfg test makes the attempts once already
def test_no_attempt_gets_past_a_hold(lab, capsys):
    database = lab.database("hold")
    answer = lab.folder / "hold.json"
    lab.script(
        database,
        textwrap.dedent(
            f"""
            import json
            from odoo.addons.mfg_quality_hold.tests import bypass

            result = bypass.run(env, every_user={not lab.quick})
            with open({str(answer)!r}, "w", encoding="utf-8") as target:
                json.dump(result, target)
            """
        ),
    )
    result = json.loads(answer.read_text(encoding="utf-8"))
    with capsys.disabled():
        print(
            f"\nattempts {len(result['attempts'])}, refused {len(result['refused'])}, "
            f"leaked {len(result['leaked'])}"
        )
        for label in (*result["leaked"], *result["void"], *result["crashed"]):
            print(f"  {label}")
    assert len(result["attempts"]) >= 54
    assert not result["leaked"]
    assert not result["void"], "attempts that have no effect without a hold either"
    assert not result["crashed"]
