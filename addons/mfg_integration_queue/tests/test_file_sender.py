import json
import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests.common import BaseCase, tagged

from ..engine import envelope, file_control
from ..engine.file_sender import FileSender
from ..engine.outcome import Verdict
from .common import QueueCase
from .test_http_sender import KEY, settings
from .test_lanes import delivery


class FolderRoot:
    """A directory for files, as odoo.conf would name it."""

    def _folder_root(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        chosen = patch.dict(os.environ, {"MFG_INTEGRATION_FILE_ROOT": folder.name})
        chosen.start()
        self.addCleanup(chosen.stop)
        return Path(folder.name)


@tagged("post_install", "-at_install")
class TestFileSender(FolderRoot, BaseCase):
    """What a receiver finds in its folder."""

    def setUp(self):
        super().setUp()
        self.root = self._folder_root()
        self.out = self.root / "mes-one" / "out"

    def _send(self, sent, **values):
        values = {"transport": "file", "folder": "out", **values}
        return FileSender(settings("", **values)).send(sent)

    def test_file_and_control_file(self):
        outcome = self._send(delivery(1))
        self.assertIs(outcome.verdict, Verdict.DELIVERED)
        self.assertEqual(outcome.secret_id, 7)
        data, control = sorted(self.out.iterdir(), key=lambda path: len(path.name))
        self.assertEqual(control.name, data.name + ".ctl")
        body = data.read_bytes()
        size, digest = file_control.read(data.name, control.read_bytes())
        self.assertIsNone(file_control.difference(body, size, digest))
        signed = json.loads(control.read_text())
        expected = envelope.sign(
            delivery(1).uuid, signed["webhook-timestamp"], body, [KEY]
        )
        self.assertEqual(signed["webhook-signature"], expected["webhook-signature"])
        self.assertEqual(json.loads(body)["id"], signed["webhook-id"])

    def test_names_sort_in_the_order_of_events(self):
        for number in (9, 10, 11):
            self._send(delivery(number))
        names = sorted(path.name for path in self.out.glob("*.json"))
        ids = [json.loads((self.out / name).read_bytes())["sequence"] for name in names]
        self.assertEqual(ids, sorted(ids))
        self.assertEqual(len(ids), 3)

    def test_repeated_attempt_writes_the_same_file_again(self):
        self._send(delivery(1))
        (data,) = self.out.glob("*.json")
        first = data.read_bytes()
        # what a process left behind that ended between write and rename
        (self.out / f".{data.name}.part").write_bytes(b"half")
        self.assertIs(self._send(delivery(1)).verdict, Verdict.DELIVERED)
        self.assertEqual(data.read_bytes(), first)
        self.assertEqual(len(list(self.out.iterdir())), 2)

    def test_link_out_of_the_directory_is_not_followed(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        elsewhere = Path(folder.name)
        (self.root / "mes-one").mkdir()
        self.out.symlink_to(elsewhere)
        outcome = self._send(delivery(1))
        self.assertIs(outcome.verdict, Verdict.RETRY)
        self.assertEqual(outcome.error_code, "FILE-001")
        self.assertFalse(list(elsewhere.iterdir()))

    def test_folder_that_is_a_file(self):
        (self.root / "mes-one").write_text("in the way")
        outcome = self._send(delivery(1))
        self.assertIs(outcome.verdict, Verdict.RETRY)
        self.assertIn("mes-one", outcome.excerpt)


@tagged("post_install", "-at_install")
class TestFileEndpoint(FolderRoot, QueueCase):
    """What an integrator may configure."""

    def _file_endpoint(self, folder):
        return (
            self.env["mfg.integration.endpoint"]
            .with_user(self.integrator)
            .create(
                {
                    "name": "Files",
                    "system_id": self.system.id,
                    "transport": "file",
                    "folder": folder,
                }
            )
        )

    def test_folder_is_a_plain_path(self):
        self._folder_root()
        for folder in (
            False, "/etc", "..", "a/../b", "a//b", "a/", ".hidden", "ä", "a b", "a\\b",
            "a/b/c/d/e", "x" * 200,
        ):  # fmt: skip
            with (
                self.subTest(folder),
                self.assertRefused(ValidationError, "plain path"),
            ):
                self._file_endpoint(folder)
        endpoint = self._file_endpoint("out/orders.v1")
        settings_ = endpoint.sudo()._settings({})
        self.assertEqual(settings_.transport, "file")
        self.assertEqual(settings_.folder, "out/orders.v1")

    def test_server_has_to_name_a_directory(self):
        with (
            patch.dict(os.environ, {"MFG_INTEGRATION_FILE_ROOT": ""}),
            self.assertRefused(ValidationError, "mfg_integration_file_root"),
        ):
            self._file_endpoint("out")

    def test_https_still_needs_an_address(self):
        with self.assertRefused(ValidationError, "complete"):
            self.endpoint.url = False
