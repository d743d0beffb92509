import io
from datetime import date

import psycopg2

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ..engine import baseline, filing, schema, sealer, verifier
from .common import AuditCase


class TestBypass(AuditCase):
    """What happens behind the back of the triggers is found and located."""

    def setUp(self):
        super().setUp()
        self.smith, self.jones = self.partners.create(
            [{"name": "Smith", "city": "York"}, {"name": "Jones", "city": "Hull"}]
        )
        self.env.flush_all()

    def findings(self):
        """(kind, text) of what verification finds about coverage and drift."""
        return [
            (each.kind, each.text)
            for each in verifier.verify(self.env.cr, drift=True)
            if each.kind in ("coverage", "drift")
        ]

    def test_at_17_triggers_off_and_on_again(self):
        self.assertEqual(self.findings(), [])
        self.env.cr.execute(
            """
            ALTER TABLE res_partner DISABLE TRIGGER USER;
            UPDATE res_partner SET city = 'Bath' WHERE id = %(smith)s;
            DELETE FROM res_partner WHERE id = %(jones)s;
            INSERT INTO res_partner (name) VALUES ('Nobody') RETURNING id;
            """,
            {"smith": self.smith.id, "jones": self.jones.id},
        )
        (created,) = self.env.cr.fetchone()
        self.env.cr.execute(
            """
            ALTER TABLE res_partner ENABLE TRIGGER USER;
            ALTER TABLE res_partner ENABLE ALWAYS TRIGGER mfg_audit_capture;
            ALTER TABLE res_partner ENABLE ALWAYS TRIGGER mfg_audit_capture_truncate;
            """
        )
        self.assertEqual(
            self.findings(),
            [
                (
                    "coverage",
                    "the triggers of res_partner were switched off for a while, or are"
                    " others",
                ),
                (
                    "drift",
                    f"res_partner {self.smith.id}, field city: 'York' is recorded,"
                    " 'Bath' is there",
                ),
                (
                    "drift",
                    f"res_partner {self.jones.id} is gone, and its deletion is not"
                    " recorded",
                ),
                (
                    "drift",
                    f"res_partner {created} is there, and its creation is not recorded",
                ),
            ],
        )
        answered = baseline.acknowledge(self.env.cr, "Bulk load of March")
        self.assertEqual(answered, ["res_partner"])
        gap = self.events("res_partner")[-1]
        self.assertEqual((gap["op"], gap["new"]["reason"]), ("G", "Bulk load of March"))
        self.assertEqual({kind for kind, _text in self.findings()}, {"drift"})

    def test_at_17_replica_copy_and_repair(self):
        self.forget()
        self.env.cr.execute("SET LOCAL session_replication_role = replica")
        self.env.cr.execute(
            "UPDATE res_partner SET city = 'Bath' WHERE id = %s", [self.smith.id]
        )
        self.env.cr.execute("SET LOCAL session_replication_role = origin")
        self.env.cr._obj.copy_expert(
            "COPY res_partner (name, ref) FROM STDIN", io.StringIO("Copied\tC1\n")
        )
        self.assertEqual(
            [
                (each["op"], each["new"].get("city") or each["new"].get("ref"))
                for each in self.events("res_partner")
            ],
            [("U", "Bath"), ("I", "C1")],
        )
        self.env.cr.execute("DROP TRIGGER mfg_audit_capture ON res_partner")
        self.forget()
        self.env["mfg.audit.rule"]._apply_rules()
        self.assertEqual([each["op"] for each in self.events("res_partner")], ["G"])
        self.assertEqual(self.findings(), [])

    def test_at_19_columns_come_go_and_change_their_type(self):
        self.forget()
        self.env.cr.execute(
            "ALTER TABLE res_partner ADD COLUMN x_rank integer DEFAULT 7"
        )
        self.env.cr.execute(
            "UPDATE res_partner SET x_rank = 8 WHERE id = %s", [self.smith.id]
        )
        self.env["mfg.audit.rule"]._apply_rules()
        self.env.cr.execute(
            "ALTER TABLE res_partner ALTER COLUMN x_rank TYPE numeric(10, 2)"
        )
        self.env.cr.execute(
            "UPDATE res_partner SET ref = 'after' WHERE id = %s", [self.smith.id]
        )
        self.env["mfg.audit.rule"]._apply_rules()
        self.assertEqual(self.findings(), [], "another type is no other value")
        self.env.cr.execute(
            "UPDATE res_partner SET x_rank = 9 WHERE id = %s", [self.smith.id]
        )
        self.env.cr.execute("ALTER TABLE res_partner DROP COLUMN x_rank")
        self.env.cr.execute(
            "UPDATE res_partner SET ref = 'last' WHERE id = %s", [self.smith.id]
        )
        self.env["mfg.audit.rule"]._apply_rules()

        self.assertEqual(
            [
                (each["op"], each["old"], each["new"])
                for each in self.events("res_partner")
            ],
            [
                ("U", {"x_rank": "7"}, {"x_rank": "8"}),
                ("S", {}, {"x_rank": "integer"}),
                ("U", {"ref": None}, {"ref": "after"}),
                ("S", {"x_rank": "integer"}, {"x_rank": "numeric(10,2)"}),
                ("U", {"x_rank": "8.00"}, {"x_rank": "9.00"}),
                ("U", {"ref": "after"}, {"ref": "last"}),
                ("S", {"x_rank": "numeric(10,2)"}, {}),
            ],
        )
        self.assertEqual(self.findings(), [])

    def test_changed_function_is_named(self):
        self.env.cr.execute(
            "CREATE OR REPLACE FUNCTION mfg_audit.capture() RETURNS trigger "
            "LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
        )
        self.assertEqual(
            self.findings(),
            [("coverage", "the function mfg_audit.capture was changed")],
        )

    @mute_logger("odoo.sql_db")
    def test_at_40_missing_partition_keeps_events_where_they_are(self):
        self.env.cr.execute(
            """
            SELECT inhrelid::regclass::text FROM pg_inherits
             WHERE inhparent = 'mfg_audit.event_operations'::regclass
            """
        )
        for (partition,) in self.env.cr.fetchall():
            self.env.cr.execute(f"DROP TABLE {partition}")
        self.partners.browse(self.smith.id).write({"city": "Bath"})
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.assertTrue(sealer.seal(self.env.cr))
        with (
            self.assertRaisesRegex(psycopg2.Error, "no partition"),
            self.env.cr.savepoint(),
        ):
            filing.file(self.env.cr)
        self.assertEqual(verifier.verify(self.env.cr), [])

        schema.ensure_partitions(self.env.cr, date.today())

        self.assertTrue(filing.file(self.env.cr))
        self.assertEqual(verifier.verify(self.env.cr), [])

    @mute_logger("odoo.sql_db")
    def test_at_40_no_place_for_events_stops_business_with_a_clear_message(self):
        self.env.cr.execute("ALTER TABLE mfg_audit.event_fresh RENAME TO event_gone")
        with (
            self.assertRaisesRegex(UserError, "audit trail cannot record it"),
            self.env.cr.savepoint(),
        ):
            self.partners.browse(self.smith.id).write({"city": "Bath"})
            self.env.flush_all()
