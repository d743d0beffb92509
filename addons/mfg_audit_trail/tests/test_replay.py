from collections import Counter

from odoo import Command

from ..engine.capture import IGNORED
from .common import AuditCase

TABLES = ("res_partner", "res_partner_bank", "res_bank", "res_partner_category")
PAIRS = "res_partner_res_partner_category_rel"


class TestReplay(AuditCase):
    """What was there before, and the log: together they give what is there now."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for model in ("res.partner.bank", "res.bank", "res.partner.category"):
            cls.capture(model)
        cls.env["res.lang"]._activate_lang("fr_FR")

    def live(self, table):
        """{id: {column: text}} of all audited columns that have a value."""
        self.env.cr.execute(f"SELECT id, mfg_audit.row_texts(t.*) FROM {table} t")
        return {
            record: {
                column: value
                for column, value in texts.items()
                if value is not None and column not in IGNORED
            }
            for record, texts in self.env.cr.fetchall()
        }

    def pairs(self):
        self.env.cr.execute(f"SELECT partner_id, category_id FROM {PAIRS}")
        return Counter(self.env.cr.fetchall())

    def replayed(self, table, state):
        """``state`` after everything that the log says of the table."""
        for event in self.events(table):
            record = event["res_id"]
            if event["op"] == "I":
                self.assertNotIn(record, state)
                state[record] = dict(event["new"])
            elif event["op"] == "D":
                gone = state.pop(record)
                self.assertEqual(gone, event["old"], "the whole row is in the log")
            else:
                for column, value in event["old"].items():
                    self.assertEqual(state[record].get(column), value)
                state[record] |= event["new"]
                state[record] = {
                    column: value
                    for column, value in state[record].items()
                    if value is not None
                }
        return state

    def paths(self):
        """Ways on which data changes, most of them past ``write``."""
        env = self.env
        tags = env["res.partner.category"].create(
            [{"name": "Key account"}, {"name": "Vendor"}]
        )
        tags[1].parent_id = tags[0]
        tags[0].update_field_translations("name", {"fr_FR": "Grand compte"})
        bank = env["res.bank"].create({"name": "First", "bic": "FIRST"})
        company, person, other = env["res.partner"].create(
            [{"name": "Smith & Co"}, {"name": "Smith"}, {"name": "Jones"}]
        )
        person.write({"parent_id": company.id, "category_id": [Command.set(tags.ids)]})
        tags[0].partner_ids = [Command.link(other.id), Command.unlink(person.id)]
        env["res.partner.bank"].create(
            [
                {"partner_id": company.id, "acc_number": f"A{n}", "bank_id": bank.id}
                for n in range(3)
            ]
        )
        company.with_context(lang="fr_FR").write({"city": "Lyon", "is_company": True})
        person._write({"ref": "late"})
        env.flush_all()
        with self.assertRaises(ZeroDivisionError), env.cr.savepoint():
            other.write({"city": "nowhere"})
            env.flush_all()
            raise ZeroDivisionError
        env.invalidate_all()
        env.cr.execute(
            "UPDATE res_partner SET comment = 'sql' WHERE id = %s", [other.id]
        )
        env.cr.execute("DELETE FROM res_bank WHERE id = %s", [bank.id])  # SET NULL
        env["res.partner"].load(
            ["name", "city", "category_id"],
            [["Imported 1", "Leeds", "Vendor"], ["Imported 2", "Hull", ""]],
        )
        tags[1].unlink()
        env.flush_all()
        person.unlink()
        company.unlink()  # its accounts by the database alone
        env.flush_all()

    def test_at_10_live_is_what_the_log_gives(self):
        self.env.flush_all()
        before = {table: self.live(table) for table in TABLES}
        pairs = self.pairs()
        self.forget()

        self.paths()

        for table in TABLES:
            self.assertTrue(self.events(table), table)
            self.assertEqual(self.replayed(table, before[table]), self.live(table))
        for event in self.events(PAIRS):
            values = event["new"] or event["old"]
            pair = (int(values["partner_id"]), int(values["category_id"]))
            pairs[pair] += 1 if event["op"] == "I" else -1
        self.assertEqual(+pairs, self.pairs())
