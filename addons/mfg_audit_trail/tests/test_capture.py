import json

import psycopg2

from odoo import Command
from odoo.sql_db import db_connect
from odoo.tests import new_test_user

from .common import AuditCase


class TestCapture(AuditCase):
    def test_at_01_two_fields_are_one_event(self):
        self.capture("res.bank")
        banks = self.env["res.bank"].with_user(self.clerk)
        bank = banks.create({"name": "Smith & Co", "bic": "SMITGB"})
        self.forget_all(bank)

        bank.write({"name": "Smythe & Co", "city": "Leeds"})

        (event,) = self.events("res_bank")
        self.assertEqual(event["op"], "U")
        self.assertEqual(event["res_id"], bank.id)
        self.assertEqual(event["old"], {"name": "Smith & Co", "city": None})
        self.assertEqual(event["new"], {"name": "Smythe & Co", "city": "Leeds"})
        self.assertEqual(event["eff_uid"], self.clerk.id)

    def test_at_01_equal_values_are_no_event(self):
        partner = self.partners.create({"name": "Smith", "city": "York"})
        self.forget_all(partner)

        partner.write({"name": "Smith", "city": "York"})

        self.assertEqual(self.events("res_partner"), [])

    def test_at_03_plain_sql_of_a_server_action(self):
        partner = self.partners.create({"name": "Smith"})
        action = self.env["ir.actions.server"].create(
            {
                "name": "Plain SQL",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "code",
                "code": "env.cr.execute("
                f"\"UPDATE res_partner SET ref = 'SQL' WHERE id = {partner.id}\")",
            }
        )
        self.forget_all(partner)

        action.run()

        (event,) = self.events("res_partner")
        self.assertEqual(event["new"], {"ref": "SQL"})

    def test_at_05_what_the_orm_does_not_see(self):
        partner = self.partners.create({"name": "Smith"})
        self.forget_all(partner)

        partner.sudo()._write({"ref": "late"})

        self.assertEqual(
            [each["new"] for each in self.events("res_partner")], [{"ref": "late"}]
        )

    def test_at_05_one_language_of_a_text(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.capture("res.partner.category")
        category = self.env["res.partner.category"].create({"name": "Supplier"})
        self.forget_all(category)

        category.update_field_translations("name", {"fr_FR": "Fournisseur"})

        (event,) = self.events("res_partner_category")
        self.assertNotIn("fr_FR", json.loads(event["old"]["name"]))
        self.assertEqual(json.loads(event["new"]["name"])["fr_FR"], "Fournisseur")

    def test_at_06_what_the_database_deletes_with_it(self):
        self.capture("res.partner.bank")
        company = self.partners.create({"name": "Supplier"})
        self.env["res.partner.bank"].create(
            [
                {"partner_id": company.id, "acc_number": f"ACC-{number}"}
                for number in range(3)
            ]
        )
        self.forget_all(company)

        company.sudo().unlink()

        gone = [each for each in self.events("res_partner", "res_partner_bank")]
        self.assertEqual({each["op"] for each in gone}, {"D"})
        accounts = [each for each in gone if each["tbl"] == "res_partner_bank"]
        self.assertEqual(
            sorted(each["old"]["acc_number"] for each in accounts),
            ["ACC-0", "ACC-1", "ACC-2"],
        )
        timeline = self.env["mfg.audit.timeline"].with_user(self.auditor)
        (group,) = timeline.get_timeline("res.partner", company.id, "detailed")[
            "groups"
        ]
        deleted = [each for each in group["entries"] if each["operation"] == "D"]
        self.assertEqual([each["own"] for each in deleted].count(False), 3)
        self.assertEqual(len(deleted), 4, "the timeline of the deleted shows its lines")

    def test_at_08_pairs_of_many2many_from_both_sides(self):
        tag = self.env["res.partner.category"].create({"name": "Key account"})
        partner = self.partners.create({"name": "Smith"})
        self.forget_all(partner)

        partner.write({"category_id": [Command.link(tag.id)]})
        tag.write({"partner_ids": [Command.unlink(partner.id)]})

        added, removed = self.events("res_partner_res_partner_category_rel")
        self.assertEqual((added["op"], removed["op"]), ("I", "D"))
        for event in (added, removed):
            self.assertEqual(
                sorted(event["links"]),
                sorted([f"res_partner:{partner.id}", f"res_partner_category:{tag.id}"]),
            )

    def test_at_08_groups_that_come_with_a_group(self):
        self.capture("res.users")
        self.capture("res.groups")
        inner = self.env["res.groups"].create({"name": "Inner"})
        outer = self.env["res.groups"].create(
            {"name": "Outer", "users": [Command.link(self.clerk.id)]}
        )
        self.forget_all(outer)

        outer.write({"implied_ids": [Command.link(inner.id)]})

        memberships = [
            each
            for each in self.events("res_groups_users_rel")
            if f"res_groups:{inner.id}" in each["links"]
        ]
        self.assertEqual(
            [each["links"].count(f"res_users:{self.clerk.id}") for each in memberships],
            [1],
        )

    def test_at_09_values_per_company(self):
        partner = self.partners.create({"name": "Smith"})
        field = self.env["ir.model.fields"]._get("res.partner", "name")
        self.forget_all(partner)
        Property = self.env["ir.property"]
        Property.create(
            {
                "name": "limit",
                "type": "char",
                "fields_id": field.id,
                "res_id": f"res.partner,{partner.id}",
                "value": "100",
                "company_id": self.env.company.id,
            }
        )
        Property.create(
            {
                "name": "limit of a record nobody watches",
                "type": "char",
                "fields_id": field.id,
                "res_id": f"res.currency,{self.env.company.currency_id.id}",
                "value": "100",
            }
        )

        (event,) = self.events("ir_property")
        self.assertIn(f"res_partner:{partner.id}", event["links"])
        self.assertEqual(event["company_id"], self.env.company.id)
        self.assertEqual(event["new"]["value_text"], "100")

    def test_at_13_who_is_logged_in_and_who_the_code_works_for(self):
        partner = self.partners.create({"name": "Smith"})
        self.forget_all(partner)

        partner.sudo().write({"ref": "1"})

        (event,) = self.events("res_partner")
        self.assertEqual(event["eff_uid"], self.clerk.id)

    def test_at_15_rolled_back_to_a_savepoint(self):
        partner = self.partners.create({"name": "Smith"})
        self.forget_all(partner)

        partner.write({"ref": "outer"})
        self.env.flush_all()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            partner.write({"ref": "inner"})
            self.env.flush_all()
            raise ZeroDivisionError
        partner.invalidate_recordset()
        partner.write({"city": "York"})

        self.assertEqual(
            [each["new"] for each in self.events("res_partner")],
            [{"ref": "outer"}, {"city": "York"}],
        )
        self.assertEqual(self.recomputed_hash(), self.running_hash())

    def test_new_line_belongs_to_the_company_of_its_document_at_once(self):
        self.capture("res.partner.bank")
        partner = self.env["res.partner"].create(
            {"name": "Steel", "company_id": self.env.company.id}
        )
        self.forget()

        self.env["res.partner.bank"].create(
            {"partner_id": partner.id, "acc_number": "ACC-9"}
        )

        events = self.events("res_partner_bank")
        self.assertEqual(events[0]["op"], "I")
        self.assertEqual({each["company_id"] for each in events}, {self.env.company.id})
        other = self.env["res.company"].create({"name": "Plant B"})
        foreign = new_test_user(
            self.env,
            "audit-foreign",
            "mfg_audit_trail.group_auditor",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        domain = [("table_name", "=", "res_partner_bank")]
        seen = self.env["mfg.audit.event"].with_user(foreign).search(domain)
        self.assertFalse(seen.filtered(lambda event: event.id > self._seen))

    def test_at_17_emptied_table(self):
        self.env.cr.execute("CREATE TABLE audit_test_table (id serial, name text)")
        self.env.cr.execute(
            """
            INSERT INTO mfg_audit.relation
                   (oid, name, active, class, operations, ignored, secret, link_columns,
                    link_tables)
            VALUES ('audit_test_table', 'audit_test_table', true, 'operations', 'IUD',
                    '{}', '{}', '{}', '{}');
            CREATE TRIGGER mfg_audit_capture_truncate AFTER TRUNCATE ON audit_test_table
                FOR EACH STATEMENT EXECUTE FUNCTION mfg_audit.capture_truncate();
            TRUNCATE audit_test_table
            """
        )
        self.assertEqual(
            [each["op"] for each in self.events("audit_test_table")], ["T"]
        )

    def test_secrets_change_without_their_values(self):
        self.capture("res.users")
        self.clerk.password = "first-secret-1"
        self.env.flush_all()
        self.forget()

        self.clerk.password = "second-secret-2"

        (event,) = self.events("res_users")
        self.assertEqual(list(event["new"]), ["password"])
        for values in (event["old"], event["new"]):
            self.assertRegex(values["password"], r"^\[redacted [0-9a-f]{8}\]$")
        self.assertNotEqual(event["old"], event["new"])

    def test_reason_goes_with_the_change_alone(self):
        partner = self.partners.create({"name": "Smith"})
        self.forget_all(partner)

        partner.write({"ref": "before"})
        reasoned = self.env["mfg.audit.rule"].with_reason("ECO", "change 4711").env
        reasoned["res.partner"].browse(partner.id).write({"ref": "with"})
        partner.write({"ref": "after"})

        self.assertEqual(
            [
                (each["new"]["ref"], each["reason"])
                for each in self.events("res_partner")
            ],
            [("before", None), ("with", "ECO: change 4711"), ("after", None)],
        )

    def test_copy_is_known_once_it_is_loaded(self):
        """The database of a test is a copy: what its first request writes and prints would
        wait for each other if the copy were noted with the first change."""
        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute("SELECT mfg_audit.current_cluster()")
            self.assertTrue(other.fetchone()[0])

    def test_upgrade_does_not_wait_for_itself(self):
        """Odoo makes the schema anew at an upgrade and loads the registry before it commits:
        what is asked on another connection then would never be answered."""
        self.env["mfg.audit.rule"].init()
        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute("SET lock_timeout = '100ms'")
            with self.assertRaises(psycopg2.errors.LockNotAvailable):
                other.execute(
                    "SELECT mfg_audit.current_cluster()", log_exceptions=False
                )
            other.rollback()
        self.env["mfg.audit.rule"]._register_hook()

    def test_first_change_after_a_restart_leaves_nothing_that_others_wait_for(self):
        """What the same request prints or exports is written on another connection."""
        cr = self.env.cr
        cr.execute("SELECT mfg_audit.note_server_start()")
        # A server that was restarted, and its sealer has not been at work since.
        cr.execute("DELETE FROM mfg_audit.server_start")
        cr.execute("SELECT mfg_audit.open_transaction(-1), mfg_audit.current_cluster()")
        opened, cluster = cr.fetchone()
        self.assertEqual(opened, cluster)
        cr.execute("SELECT COUNT(*) FROM mfg_audit.server_start")
        self.assertEqual(cr.fetchone()[0], 0)

    def forget_all(self, records):
        """Start from the database and with an empty cache, as another request would."""
        self.forget()
        records.invalidate_recordset()

    def running_hash(self):
        self.env.cr.execute("SELECT current_setting('mfg_audit.running')")
        return self.env.cr.fetchone()[0].split(":")[2]

    def recomputed_hash(self):
        self.env.cr.execute(
            """
            WITH RECURSIVE chain AS (
                SELECT 0 AS n, ''::bytea AS hash
             UNION ALL
                SELECT e.n, sha256(chain.hash || mfg_audit.leaf(e))
                  FROM chain
                  JOIN mfg_audit.event e ON e.n = chain.n + 1
                   AND e.xid = pg_current_xact_id()::text::bigint
                   AND e.cluster = mfg_audit.current_cluster()
            )
            SELECT encode(hash, 'hex') FROM chain ORDER BY n DESC LIMIT 1
            """
        )
        return self.env.cr.fetchone()[0]
