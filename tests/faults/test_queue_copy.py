"""IQ-38: a copy of a database with messages waiting sends none of them."""

import pytest

from tests.support.emitter import Emitter
from tests.support.plant import PATIENCE, READY
from tests.support.sink import Sink
from tests.support.waiting import wait_for

COUNT = 50
_ACTIVATE = """
dialog = env["mfg.integration.activate"].create(
    {"backlog": "cancel", "note": "The copy is a system of its own now"})
dialog.action_activate()
result = env["mfg.integration.activation"]._is_active()
"""


@pytest.fixture
def sink():
    sink = Sink()
    yield sink
    sink.close()


def start_worker(lab, database, name):
    conf = lab.conf(database)
    worker = lab.start_odoo(name, conf, "mfg_integration_worker", "-d", database)
    worker.wait_until(lambda: worker.has_logged(READY), PATIENCE)
    return worker


def test_iq_38_copied_database_sends_nothing_before_it_is_activated(lab, sink):
    original = lab.database("original")
    emitter = Emitter(lab, original)
    emitter.prepare(sink.url)
    emitter.emit(COUNT, lanes=1)
    emitter.close()
    copy = lab.copy(original, "copy")

    on_copy = start_worker(lab, copy, "on-copy")
    assert on_copy.has_logged("Nothing is sent from")
    start_worker(lab, original, "on-original")
    wait_for(lambda: sink.count() >= COUNT, PATIENCE, "the original delivers")
    emitter = Emitter(lab, copy)
    assert emitter.run("result = env['mfg.integration.activation']._is_active()") == {
        "result": False
    }
    records = emitter.run(
        "work.records = env['res.partner.category'].search("
        "[('name', '=', 'Lane 0')]).ids\nresult = work.records"
    )["result"]
    assert records
    emitter.emit(1, lanes=1)
    assert sink.count() == COUNT, "nothing came from the copy"

    assert emitter.run(_ACTIVATE) == {"result": True}
    emitter.emit(1, lanes=1)
    emitter.close()
    wait_for(lambda: sink.count() > COUNT, PATIENCE, "the copy delivers what is new")
    received = sink.received()
    assert len({each["id"] for each in received}) == len(received) == COUNT + 1
