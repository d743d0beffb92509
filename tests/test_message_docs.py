"""The page of messages says what the contracts say."""

import sys

from .support.simulator import SIMULATORS

sys.path.insert(0, str(SIMULATORS.parent))

import message_docs  # noqa: E402


def test_page_of_messages_is_current():
    page = message_docs.PAGE.read_text(encoding="utf-8")
    assert page == message_docs.render(), "run python tools/message_docs.py"


def test_page_describes_every_contract():
    page = message_docs.PAGE.read_text(encoding="utf-8")
    contracts = message_docs.contracts()
    assert len(contracts) > 4
    for path in contracts:
        code = path.name.split(".v")[0]
        assert f"\n## {code}\n" in page, code
