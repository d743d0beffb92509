import psycopg2

from odoo.tools import mute_logger

from ..engine import filing, sealer, verifier
from .common import AuditCase


class TestFiling(AuditCase):
    """Fresh events, and how they come to the place of their class and month."""

    def setUp(self):
        super().setUp()
        self.partner = self.partners.create({"name": "Smith"})
        self.partner.write({"ref": "1"})
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def fresh(self, table="event"):
        """How many rows wait, and how many do not."""
        self.env.cr.execute(
            "SELECT COUNT(*) FILTER (WHERE fresh), COUNT(*) FILTER (WHERE NOT fresh)"
            f" FROM mfg_audit.{table}"
        )
        return self.env.cr.fetchone()

    def readings(self):
        """What everybody who reads the log is told."""
        self.env.invalidate_all()
        self.env.cr.execute(
            "SELECT e.id, mfg_audit.line(e) FROM mfg_audit.event e"
            " WHERE tbl = 'res_partner' AND op IN ('I', 'U') ORDER BY id"
        )
        log = self.env.cr.fetchall()
        events = self.env["mfg.audit.event"].with_user(self.auditor)
        # without the readings themselves, which are events, too
        own = [("res_id", "=", self.partner.id), ("operation", "in", ["I", "U"])]
        timeline = self.env["mfg.audit.timeline"].with_user(self.auditor)
        page = timeline.get_timeline("res.partner", self.partner.id, "detailed")
        return (
            log,
            events.search(own + [("table_name", "=", "res_partner")]).mapped("changes"),
            [group["entries"] for group in page["groups"]],
        )

    def test_events_are_read_the_same_wherever_they_are(self):
        self.assertEqual(self.fresh()[1], 0, "capture files nothing")
        fresh = self.readings()
        self.assertTrue(all(fresh))
        self.assertEqual(filing.file(self.env.cr), 0, "not before they are sealed")

        sealer.seal(self.env.cr)
        self.assertEqual(self.readings(), fresh)
        self.assertEqual(self.fresh("tx")[0], 0, "no header waits any more")

        self.assertTrue(filing.file(self.env.cr))
        self.assertEqual(filing.file(self.env.cr), 0)
        self.assertEqual(self.fresh()[0], 0)
        self.assertEqual(self.readings(), fresh)

    def test_at_23_filed_log_has_no_findings(self):
        sealer.seal(self.env.cr)
        self.assertEqual(verifier.verify(self.env.cr), [])
        filing.file(self.env.cr)
        self.assertEqual(verifier.verify(self.env.cr), [])

    def test_at_26_edit_of_a_fresh_event_is_found_at_once(self):
        self.assertEqual(verifier.verify(self.env.cr), [])
        self.env.cr.execute(
            """
            ALTER TABLE mfg_audit.event DISABLE TRIGGER USER;
            UPDATE mfg_audit.event SET new = jsonb_set(new, '{ref}', '"2"')
             WHERE fresh AND op = 'U' AND tbl = 'res_partner' AND res_id = %s
            """,
            [self.partner.id],
        )
        for _before_and_after in range(2):
            (finding,) = verifier.verify(self.env.cr)
            self.assertEqual(finding.kind, "receipt")
            self.assertIn("before they were sealed", finding.text)
            self.assertTrue(finding.xid)
            sealer.seal(self.env.cr)
            filing.file(self.env.cr)

    @mute_logger("odoo.sql_db")
    def test_at_36_filing_is_the_only_change_there_is(self):
        def refused(statement):
            with (
                self.assertRaisesRegex(psycopg2.Error, "append-only"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

        for table in ("event", "tx"):
            refused(f"DELETE FROM mfg_audit.{table}")
            refused(f"DELETE FROM mfg_audit.{table}_fresh")
            refused(f"TRUNCATE mfg_audit.{table}_fresh")
            refused(f"UPDATE mfg_audit.{table} SET xid = xid + 1")
            refused(f"UPDATE mfg_audit.{table} SET fresh = false, xid = xid + 1")
        refused("UPDATE mfg_audit.event SET fresh = false, reason = 'forged'")
        refused("UPDATE mfg_audit.event SET fresh = false, new = NULL")

        sealer.seal(self.env.cr)
        filing.file(self.env.cr)
        for table in ("event", "tx"):
            refused(f"UPDATE mfg_audit.{table} SET fresh = true")
            refused(f"UPDATE mfg_audit.{table}_filed SET xid = xid + 1")
            refused(f"DELETE FROM mfg_audit.{table}_filed")
        refused("DELETE FROM mfg_audit.event_operations")
        refused("DELETE FROM mfg_audit.event_operations_rest")
