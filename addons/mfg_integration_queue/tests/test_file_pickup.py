import hashlib
import json
import os
import time

from odoo.exceptions import AccessError, ValidationError
from odoo.tests.common import tagged

from ..engine import file_control, file_pickup
from .inbound_common import InboundCase
from .test_file_sender import FolderRoot


@tagged("post_install", "-at_install")
class TestFilePickup(FolderRoot, InboundCase):
    """What becomes of the files that a sender leaves."""

    def setUp(self):
        super().setUp()
        self.root = self._folder_root()
        self.folder = (
            self.env["mfg.integration.folder"]
            .with_user(self.integrator)
            .create(
                {
                    "system_id": self.system.id,
                    "path": "in",
                    "interface_id": self.note.id,
                }
            )
        )
        self.place = self.root / "mes-one" / "in"
        self.assertFalse(self.folder.problem)

    def _leave(self, name, data, control=None):
        """Leave a file; with ``control`` instead of the right control file."""
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        (self.place / name).write_bytes(data)
        if control is None:
            control = file_control.build(name, data)
        (self.place / f"{name}.ctl").write_bytes(control)

    def _let_time_pass(self):
        for path in self.place.iterdir():
            if path.is_file() or path.is_symlink():
                long_ago = time.time() - 2 * file_pickup.GRACE
                os.utime(path, (long_ago, long_ago), follow_symlinks=False)

    def _pick_up(self):
        """Look into the folder as the worker does; returns what is known of files."""
        folder = self.folder.sudo()
        with folder._open() as directory:
            file_pickup.finish_moves(folder, directory)
            for name in file_pickup.announced(folder, directory):
                if file_pickup.take_in(folder, directory, name):
                    file_pickup.finish_moves(folder, directory)
        self.env.invalidate_all()
        return (
            self.env["mfg.integration.file"]
            .with_user(self.viewer)
            .search([("folder_id", "=", self.folder.id)], order="id")
        )

    def _names(self, place=""):
        return sorted(
            path.name for path in (self.place / place).iterdir() if path.is_file()
        )

    # complete files

    def test_file_becomes_a_message_and_moves_to_the_archive(self):
        self._leave("note.json", {"text": "By file"})
        file = self._pick_up()
        self.assertEqual(file.state, "accepted")
        self.assertEqual(file.message_new, 1)
        self.assertFalse(self._names())
        self.assertEqual(len(self._names("archive")), 2)
        self.assertTrue((self.place / file.stored_name).exists())
        message = self._process_due()
        self.assertEqual(message.state, "processed")
        self.assertIn("By file", self._notes().body)
        self.assertEqual(
            self.inbox.search(file.action_open_messages()["domain"]), message
        )

    def test_message_per_line(self):
        self.folder.file_format = "lines"
        lines = [json.dumps({"text": f"Line {number}"}) for number in range(3)]
        self._leave("notes.jsonl", "\r\n".join([*lines, "", ""]).encode())
        self.assertEqual(self._pick_up().message_new, 3)
        self._process_due()
        self.assertEqual(len(self._notes()), 3)

    def test_output_of_sha256sum_is_a_control_file(self):
        data = b'{"text": "From a shell"}'
        digest = hashlib.sha256(data).hexdigest()
        self._leave("note.json", data, f"{digest}  note.json\n".encode())
        self.assertEqual(self._pick_up().state, "accepted")

    def test_cloud_event_is_known_by_its_own_id(self):
        event = {
            "specversion": "1.0",
            "id": "7",
            "source": "/mes",
            "type": "com.mes.note",
            "data": {"text": "Hello"},
        }
        self._leave("a.json", event)
        self._leave("b.json", event)
        self.assertEqual(self._pick_up().mapped("state"), ["accepted", "known"])
        self._process_due()
        self.assertEqual(len(self._notes()), 1)

    # twice

    def test_file_sent_twice_has_one_effect(self):
        for _time in range(2):
            self._leave("note.json", {"text": "Once"})
            files = self._pick_up()
        self.assertEqual(files.mapped("state"), ["accepted", "known"])
        self._process_due()
        self.assertEqual(len(self._notes()), 1)
        self.assertFalse(self._names())
        reports = [name for name in self._names("archive") if "report" in name]
        self.assertEqual(len(reports), 1)

    def test_name_used_for_other_content_is_refused(self):
        self._leave("note.json", {"text": "One"})
        self._pick_up()
        self._leave("note.json", {"text": "Other"})
        files = self._pick_up()
        self.assertEqual(files.mapped("state"), ["accepted", "rejected"])
        self.assertIn("used for other content", files[-1].report)
        self.assertEqual(len(self._messages()), 1)

    def test_process_that_ended_before_the_move_takes_nothing_in_twice(self):
        self._leave("note.json", {"text": "Once"})
        folder = self.folder.sudo()
        with folder._open() as directory:
            file_pickup.take_in(folder, directory, "note.json")
            # the control file was moved, then the process ended
            (self.place / "note.json.ctl").unlink()
        files = self._pick_up()
        self.assertEqual(files.mapped("state"), ["accepted"])
        self.assertTrue(files.moved)
        self.assertFalse(self._names())
        self.assertEqual(len(self._messages()), 1)

    # incomplete and wrong

    def test_half_written_file_waits_for_its_rest(self):
        data = json.dumps({"text": "In two pieces"}).encode()
        self._leave("note.json", data[:9], file_control.build("note.json", data))
        self.assertFalse(self._pick_up())
        (self.place / "note.json").write_bytes(data)
        self.assertEqual(self._pick_up().state, "accepted")

    def test_file_without_control_file_is_left_alone(self):
        self._leave("note.json", {"text": "Not yet"})
        (self.place / "note.json.ctl").unlink()
        self._let_time_pass()
        self.assertFalse(self._pick_up())
        self.assertEqual(self._names(), ["note.json"])

    def test_wrong_files_are_rejected_with_a_report_and_an_activity(self):
        good = b'{"text": "A"}'
        other = file_control.build("x", b"other content")
        table = {
            "size": (good, json.dumps({"file": "size", "size": 1, "sha256": "0" * 64}), "1"),
            "sum": (good, json.dumps({"file": "sum", "size": 13, "sha256": "0" * 64}), "checksum"),
            "about": (good, other, "not about"),
            "path": (good, json.dumps({"file": "../path", "sha256": "0" * 64}), "not path"),
            "text": (good, b"\xff\xfe", "not a text"),
            "junk": (good, b"done", "neither JSON"),
            "negative": (good, json.dumps({"file": "negative", "size": -1}), "size"),
            "list": (good, b"[]", "not list"),
        }  # fmt: skip
        for name, (data, control, _expected) in table.items():
            control = control if isinstance(control, bytes) else control.encode()
            self._leave(name, data, control)
        self.assertFalse(self._pick_up())
        self._let_time_pass()
        files = self._pick_up()
        self.assertEqual(set(files.mapped("state")), {"rejected"})
        for file in files:
            self.assertIn(table[file.name][2], file.report, file.name)
            stored = self.place / f"{file.stored_name}.report.txt"
            self.assertEqual(stored.read_text().strip(), file.report)
            self.assertEqual(file.sudo().activity_ids.user_id, self.operator)
        self.assertEqual(len(files), len(table))
        self.assertFalse(self._names())
        self.assertFalse(self._messages())
        self.assertEqual(self.folder.rejected_count, len(table))

    def test_one_wrong_line_refuses_the_whole_file(self):
        self.folder.file_format = "lines"
        self._leave("notes.jsonl", b'{"text": "A"}\n{"text": 2}\nno json\n')
        file = self._pick_up()
        self.assertEqual(file.state, "rejected")
        self.assertIn("Message 2", file.report)
        self.assertIn("#/text", file.report)
        self.assertIn("Message 3", file.report)
        self.assertFalse(self._messages())

    def test_empty_and_huge_files(self):
        self._leave("empty.json", b"")
        self._leave("huge.json", b" " * (file_pickup.MAX_FILE + 1))
        self._leave("large.json", b'{"text": "' + b"x" * 2**21 + b'"}')
        self._pick_up()
        self._let_time_pass()
        files = self._pick_up()
        self.assertEqual(files.mapped("state"), ["rejected"] * 3)
        self.assertFalse(self._messages())

    def test_links_pipes_and_folders_are_not_read(self):
        secret = self.root / "secret"
        secret.write_bytes(b'{"text": "secret"}')
        control = file_control.build("link.json", secret.read_bytes())
        self._leave("link.json", b"", control)
        (self.place / "link.json").unlink()
        (self.place / "link.json").symlink_to(secret)
        for name, make in {"pipe": os.mkfifo, "folder": os.mkdir}.items():
            make(self.place / name)
            (self.place / f"{name}.ctl").write_bytes(file_control.build(name, b"{}"))
        (self.place / "linked.ctl").symlink_to(secret)
        self._let_time_pass()
        for name in ("pipe", "folder"):
            os.utime(self.place / name, (1, 1))
        files = self._pick_up()
        self.assertEqual(set(files.mapped("state")), {"rejected"})
        self.assertEqual(len(files), 4)
        self.assertFalse(self._messages())
        self.assertEqual(secret.read_bytes(), b'{"text": "secret"}')

    def test_strange_names_are_left_alone(self):
        for name in ("..ctl", ".hidden.ctl", "a b.ctl", "a\nb.ctl", "ä.ctl", ".ctl"):
            (self.place / name).write_bytes(b"{}")
        self._let_time_pass()
        self.assertFalse(self._pick_up())

    # who may do what

    def test_folder_belongs_to_its_system(self):
        values = {"system_id": self.system.id, "interface_id": self.note.id}
        folders = self.env["mfg.integration.folder"].with_user(self.integrator)
        for path in ("../plant-two/in", "/etc", "a/../../b"):
            with (
                self.subTest(path),
                self.assertRefused(ValidationError, "plain path"),
            ):
                folders.create({**values, "path": path})

    def test_own_messages_are_not_picked_up(self):
        self.endpoint.write({"transport": "file", "folder": "out"})
        with self.assertRefused(ValidationError, "picked up there again"):
            self.folder.path = "out"
        with self.assertRefused(ValidationError, "picked up there again"):
            self.endpoint.folder = "in"

    def test_folder_without_handler_or_user_waits(self):
        self._leave("note.json", {"text": "Later"})
        self.service_user.active = False
        self.env.invalidate_all()
        self.assertIn("service user", self.folder.problem)
        self.assertNotIn(self.folder.id, self.folder._ready_ids())

    def test_iq_38_copy_leaves_the_files_of_the_original(self):
        self.assertIn(self.folder.id, self.folder._ready_ids())
        self.env.cr.execute("UPDATE mfg_integration_activation SET database_oid = '1'")
        self.env.invalidate_all()
        self.assertFalse(self.folder._ready_ids())
        self.assertIn("activated", self.folder.problem)

    def test_viewer_cannot_set_up_a_folder_and_others_do_not_see_it(self):
        with self.assertRaises(AccessError):
            self.folder.with_user(self.viewer).path = "elsewhere"
        stranger = self._user(
            "stranger", "mfg_integration_queue.group_viewer", self.other_company
        )
        self.assertFalse(
            self.env["mfg.integration.folder"].with_user(stranger).search([])
        )
        self.assertFalse(
            self.env["mfg.integration.file"].with_user(stranger).search([])
        )
