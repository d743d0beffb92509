import tempfile
from datetime import date
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import config

from ..engine import archive, filing, note, sealer, signing, verifier
from .common import AuditCase


class TestArchive(AuditCase):
    """Everything in one transaction: the month that is archived is the present one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        private, cls.public = note.new_key("test")
        (cls.folder / "key").write_text(private, encoding="ascii")
        before = config.get(signing.OPTION)
        config[signing.OPTION] = str(cls.folder / "key")
        cls.addClassCleanup(config.__setitem__, signing.OPTION, before)
        cls.month = archive.Month("operations", date.today().replace(day=1))
        cls.capture("res.bank", retention_class="quality")

    def setUp(self):
        super().setUp()
        self.partner = self.partners.create({"name": "Smith", "city": "York"})
        # one transaction with events of two classes: only one of them is archived
        self.env["res.bank"].create({"name": "First"})
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def log(self):
        self.env.cr.execute(
            "SELECT id, mfg_audit.line(e) FROM mfg_audit.event e ORDER BY id"
        )
        return self.env.cr.fetchall()

    def seal(self):
        sealer.seal(self.env.cr)
        filing.file(self.env.cr)

    def close(self):
        return archive.close(self.env.cr, self.month, self.folder)

    def findings(self):
        return verifier.verify(self.env.cr, self.public)

    def test_at_34_archived_month_stays_provable_and_comes_back(self):
        with self.assertRaisesRegex(archive.ArchiveError, "not sealed yet"):
            self.close()
        sealer.seal(self.env.cr)
        with self.assertRaisesRegex(archive.ArchiveError, "not filed yet"):
            self.close()
        self.seal()
        before = self.log()

        path = self.close()

        self.assertTrue(path.exists())
        after = self.log()
        self.assertLess(len(after), len(before))
        self.assertTrue(after, "events of the other class stay")
        self.assertEqual(self.findings(), [])
        archived = self.env["mfg.audit.archive"].with_user(self.auditor).search([])
        self.assertEqual(archived.events, len(before) - len(after))
        manifest = note.open_text(archived.manifest, self.public)
        self.assertIn(archived.sha256, manifest)
        self.assertFalse(archived.is_here)
        archived.action_verify()
        with self.assertRaises(AccessError):
            archived.action_restore()

        archived.with_user(self.admin).action_restore()

        self.assertEqual(self.log(), before)
        self.assertEqual(self.findings(), [])
        self.assertIn(
            "Smith",
            self.env["mfg.audit.event"]
            .with_user(self.auditor)
            .search([("table_name", "=", "res_partner")])
            .mapped("record_name"),
        )
        with self.assertRaisesRegex(UserError, "here already"):
            archived.with_user(self.admin).action_restore()
        self.close()
        self.assertEqual(self.log(), after, "archived again from the same file")

    def test_at_34_what_was_written_is_read_before_anything_is_dropped(self):
        self.seal()
        before = self.log()
        path = self.close()
        self.env["mfg.audit.archive"].search([]).with_user(self.admin).action_restore()
        path.write_bytes(path.read_bytes()[:-100])  # the far side lost its end

        with self.assertRaisesRegex(archive.ArchiveError, "not what was written"):
            self.close()

        self.assertEqual(self.log(), before)

    def test_at_34_interrupted_upload_leaves_the_data(self):
        self.seal()
        before = self.log()
        with self.assertRaises(OSError):
            archive.close(self.env.cr, self.month, self.folder / "not-mounted")
        self.assertEqual(self.log(), before)
        (self.folder / "key").rename(self.folder / "away")
        self.addCleanup((self.folder / "away").rename, self.folder / "key")
        with self.assertRaises(OSError):
            self.close()
        self.assertEqual(self.log(), before)

    def test_at_34_legal_hold_blocks(self):
        holds = self.env["mfg.audit.legal.hold"].with_user(self.admin)
        retention = self.env["mfg.audit.retention"].with_user(self.admin)
        partners = self.env["ir.model"]._get_id("res.partner")
        elsewhere = holds.create(
            {"name": "Other", "model_id": partners, "res_id": self.partner.id + 1000}
        )
        past = holds.create({"name": "Past", "date_to": "2001-12-31"})
        self.assertFalse(holds._of_month(self.month))
        hold = holds.create(
            {"name": "Case 7", "model_id": partners, "res_id": self.partner.id}
        )

        self.assertEqual(holds._of_month(self.month), hold)
        self.assertIn("Case 7", retention._close(self.month))

        with self.assertRaisesRegex(UserError, "another audit"):
            hold.action_release()
        hold.write({"released_on": "2001-01-01"})
        self.assertEqual(hold.state, "active", "no way around the action")
        with self.assertRaisesRegex(UserError, "does not change"):
            hold.write({"date_to": "2001-12-31"})
        with self.assertRaisesRegex(UserError, "Release"):
            hold.unlink()
        with self.assertRaises(AccessError):
            hold.with_user(self.auditor).action_release()
        other = new_test_user(self.env, "audit-second", "mfg_audit_trail.group_admin")
        (hold + elsewhere + past).with_user(other).action_release()
        self.assertEqual(hold.released_by_id, other)
        self.assertFalse(holds._of_month(self.month))

    def test_at_34_months_that_are_due(self):
        names = [
            month.partition
            for month in archive.months(self.env.cr, "operations", self.month.end)
        ]
        self.assertEqual(names, [self.month.partition])
        self.assertFalse(
            list(archive.months(self.env.cr, "operations", self.month.first))
        )
        retention = self.env.ref("mfg_audit_trail.retention_operations")
        with self.assertRaises(AccessError):
            retention.with_user(self.auditor).action_archive()
        with self.assertRaisesRegex(UserError, "mfg_audit_archive"):
            retention.with_user(self.admin).action_archive()
