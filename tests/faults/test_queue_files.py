"""Exchange of files while processes are killed: IQ-36 outbound, IQ-37 inbound."""

import collections
import hashlib
import json
import threading

import pytest

from tests.support.emitter import Emitter
from tests.support.inbound_site import InboundSite
from tests.support.plant import kill
from tests.support.waiting import wait_for

PATIENCE = 120
LANES = 20

_TO_FILES = """
env["mfg.integration.endpoint"].browse({endpoint}).write(
    {{"transport": "file", "folder": "out", "concurrency": 8}})
result = True
"""
_FOLDER = """
env["mfg.integration.folder"].create({{
    "system_id": {system}, "path": "in", "file_format": "lines",
    "interface_id": env.ref(
        "mfg_integration_queue.mfg_integration_interface_system_note").id}})
env.cr.commit()
"""


def control_of(name, data):
    """What a control file has to say."""
    return {
        "file": name,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def drop(folder, name, lines):
    """Leave a file as a sender does: complete before its control file is."""
    data = "".join(json.dumps({"text": line}) + "\n" for line in lines).encode()
    (folder / name).write_bytes(data)
    part = folder / f".{name}.part"
    part.write_text(json.dumps(control_of(name, data)))
    part.rename(folder / f"{name}.ctl")


class Reader(threading.Thread):
    """Looks at the folder all the time, as a receiver would."""

    def __init__(self, folder):
        super().__init__()
        self._folder = folder
        self._stopping = threading.Event()
        self.looks = 0
        self.incomplete = set()

    def run(self):
        while not self._stopping.wait(0.01):
            self.look()

    def stop(self):
        self._stopping.set()
        self.join()
        self.look()

    def look(self):
        for control in self._folder.glob("*.ctl"):
            said = json.loads(control.read_bytes())
            name = control.name.removesuffix(".ctl")
            expected = control_of(name, (self._folder / name).read_bytes())
            if {key: said[key] for key in expected} != expected:
                self.incomplete.add(name)
            self.looks += 1


def test_iq_36_worker_killed_while_it_writes_files(lab, tmp_path):
    database = lab.database("files")
    conf = lab.conf(database, mfg_integration_file_root=tmp_path)
    emitter = Emitter(lab, database, conf=conf)
    (endpoint,) = emitter.prepare("http://127.0.0.1:1", LANES)["endpoints"]
    emitter.run(_TO_FILES.format(endpoint=endpoint))
    out = tmp_path / "sink" / "out"
    out.mkdir(parents=True)
    count = 1000
    emitter.emit(count, LANES)
    emitter.close()

    def written():
        return len(list(out.glob("*.ctl")))

    def start(number):
        return lab.start_odoo(
            f"worker-{number}", conf, "mfg_integration_worker", "-d", database
        )

    reader = Reader(out)
    reader.start()
    for number, share in enumerate((0.1, 0.4, 0.7)):
        worker = start(number)
        wait_for(lambda s=share: written() >= count * s, PATIENCE, "files are written")
        kill(worker)
    start("last")
    connection = lab.connect(database)
    cursor = connection.cursor()

    def left():
        cursor.execute("SELECT count(*) FROM mfg_integration_delivery")
        return cursor.fetchone()[0]

    wait_for(lambda: not left(), PATIENCE, "everything is written")
    reader.stop()
    connection.close()
    assert reader.looks and not reader.incomplete
    events = [json.loads(path.read_bytes()) for path in sorted(out.glob("*.json"))]
    assert len({event["id"] for event in events}) == len(events) == count
    lanes = collections.defaultdict(list)
    for event in events:
        lanes[event["partitionkey"]].append(event["data"]["n"])
    assert len(lanes) == LANES
    assert all(numbers == sorted(numbers) for numbers in lanes.values())


@pytest.fixture
def place(lab, tmp_path):
    site = InboundSite(lab, conf={"mfg_integration_file_root": tmp_path})
    site.script(_FOLDER.format(system=site.system))
    site.folder = tmp_path / "sender" / "in"
    site.folder.mkdir(parents=True)
    yield site
    site.close()


def test_iq_37_worker_killed_while_it_picks_up_files(place):
    files, lines = 40, 5
    worker = place.begin_worker()
    for number in range(files):
        drop(
            place.folder, f"{number:03}.jsonl", [f"{number}/{n}" for n in range(lines)]
        )

    def taken():
        return place.query("SELECT count(*) FROM mfg_integration_file")[0][0]

    for number, share in enumerate((0.2, 0.5, 0.8)):
        wait_for(lambda s=share: taken() >= files * s, PATIENCE, "files are taken")
        kill(worker)
        worker = place.begin_worker(f"worker-{number}")
    # what was taken already comes a second time
    for number in (0, files // 2):
        wait_for(
            lambda n=number: not (place.folder / f"{n:03}.jsonl").exists(),
            PATIENCE,
            "the file was moved",
        )
        drop(
            place.folder, f"{number:03}.jsonl", [f"{number}/{n}" for n in range(lines)]
        )
    wait_for(lambda: taken() == files + 2, PATIENCE, "every file is taken")
    wait_for(
        lambda: not any(path.is_file() for path in place.folder.iterdir()),
        PATIENCE,
        "every file is moved",
    )
    wait_for(lambda: not place.unfinished(), PATIENCE, "every message is processed")
    assert place.notes() == files * lines
    assert place.query(
        "SELECT state, count(*) FROM mfg_integration_file GROUP BY state ORDER BY state"
    ) == [("accepted", files), ("known", 2)]
    assert len(list((place.folder / "archive").glob("*.jsonl"))) == files + 2


def test_iq_37_without_a_worker_the_scheduled_action_picks_up(place):
    drop(place.folder, "one.jsonl", ["by a scheduled action"])
    place.query(
        "UPDATE ir_cron SET active = true WHERE id IN (SELECT res_id FROM ir_model_data "
        "WHERE module = 'mfg_integration_queue' "
        "AND name IN ('ir_cron_files', 'ir_cron_inbound'))"
    )
    place.start_server(max_cron_threads=1)
    wait_for(lambda: place.notes() == 1, PATIENCE, "the message is processed")
