from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..engine import capture, observation
from .common import AuditCase


@tagged("post_install", "-at_install")
class TestTimeline(AuditCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.timeline = cls.env["mfg.audit.timeline"].with_user(cls.auditor)
        cls.country = cls.env["res.country"].search([], limit=1)

    def entries(self, record, mode="detailed", timeline=None):
        """What the timeline of a record tells, oldest first."""
        if timeline is None:
            timeline = self.timeline
        answer = timeline.get_timeline(record._name, record.ids[0], mode)
        return [entry for group in answer["groups"] for entry in group["entries"]]

    def told(self, record, label, **options):
        """Old and new value of one label in each entry that names it."""
        return [
            (change["old"], change["new"])
            for entry in self.entries(record, **options)
            for change in entry["changes"]
            if change["label"] == label
        ]

    def test_at_05_one_language_of_a_text(self):
        self.capture("res.partner.category")
        tag = self.env["res.partner.category"].create({"name": "Supplier"})
        self.env.flush_all()

        tag.update_field_translations("name", {"fr_FR": "Fournisseur"})

        (change,) = self.entries(tag)[-1]["changes"]
        self.assertEqual((change["old"], change["new"]), (None, "Fournisseur"))
        self.assertIn("French", change["label"])

    def test_at_08_pairs_from_both_sides(self):
        self.capture("res.groups")
        self.capture("res.users")
        group = self.env["res.groups"].create({"name": "Welders"})
        self.env.flush_all()

        group.write({"users": [Command.link(self.clerk.id)]})
        self.env.flush_all()

        self.assertEqual(self.told(self.clerk, "Groups")[-1], (None, "Welders"))
        self.assertEqual(self.told(group, "Users"), [(None, self.clerk.name)])
        link = "Link: Access Groups – User"
        self.assertEqual(self.entries(group)[-1]["link"], link)
        self.assertEqual(self.entries(self.clerk)[-1]["link"], link)
        self.assertFalse(self.entries(group)[0]["link"], "its creation is none")

    def test_at_09_value_per_company(self):
        field = self.env["ir.model.fields"]._get("res.partner", "barcode")
        other = self.env["res.company"].create({"name": "Second plant"})
        both = self.auditor.company_id | other
        self.auditor.write({"company_ids": [Command.set(both.ids)]})
        partner = self.partners.create({"name": "Smith"}).sudo()
        for company, code in ((both[0], "A-1"), (both[1], "B-1")):
            partner.with_company(company).barcode = code
            self.env.flush_all()
        partner.with_company(other).barcode = False
        self.env.flush_all()

        label = field.field_description
        own = self.told(partner, f"{label} ({both[0].name})")
        self.assertEqual(own, [(None, "A-1")])
        elsewhere = self.timeline.with_context(allowed_company_ids=both.ids)
        self.assertEqual(
            self.told(partner, f"{label} (Second plant)", timeline=elsewhere),
            [(None, "B-1"), ("B-1", None)],
        )
        here = self.timeline.with_context(allowed_company_ids=both[0].ids)
        self.assertEqual(
            self.told(partner, f"{label} (Second plant)", timeline=here), []
        )

    def test_names_are_those_of_then(self):
        parent = self.partners.create({"name": "Old name"})
        partner = self.partners.create({"name": "Smith"})
        self.env.flush_all()
        partner.parent_id = parent
        self.env.flush_all()
        parent.name = "New name"
        self.env.flush_all()
        partner.parent_id = False
        self.env.flush_all()

        self.assertEqual(
            self.told(partner, "Related Company"),
            [(None, "Old name"), ("New name", None)],
        )
        parent.sudo().unlink()
        self.assertEqual(self.told(partner, "Related Company")[0], (None, "Old name"))

    def test_at_36_names_of_other_companies_are_not_told(self):
        other = self.env["res.company"].create({"name": "Second plant"})
        secret = new_test_user(
            self.env,
            "audit-secret",
            name="Secret seller",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        partner = self.partners.create({"name": "Smith"})
        self.env.flush_all()
        partner.sudo().user_id = secret
        self.env.flush_all()

        self.assertEqual(self.told(partner, "Salesperson"), [(None, f"#{secret.id}")])
        events = self.env["mfg.audit.event"].with_user(self.auditor)
        changes = "".join(
            events.search([("res_id", "=", partner.id)]).mapped("changes")
        )
        self.assertIn("Salesperson", changes)
        self.assertNotIn("Secret seller", changes)

    def test_net_and_detailed(self):
        self.capture("res.partner.bank")
        partner = self.partners.create({"name": "Smith"})
        self.env.flush_all()
        for reference in ("1", "2", "3"):
            partner.ref = reference
            self.env.flush_all()
        account = self.env["res.partner.bank"].create(
            {"partner_id": partner.id, "acc_number": "ACC-1"}
        )
        self.env.flush_all()
        account.unlink()

        self.assertEqual(
            self.told(partner, "Reference"), [(None, "1"), ("1", "2"), ("2", "3")]
        )
        net = self.entries(partner, mode="net")
        self.assertEqual(
            [(each["operation"], each["own"]) for each in net], [("I", True)]
        )
        self.assertEqual(self.told(partner, "Reference", mode="net"), [(None, "3")])

    def test_what_was_not_filled_in_is_not_told_of_a_new_record(self):
        self.capture("res.bank")
        bank = self.env["res.bank"].create({"name": "Smith & Co", "bic": ""})
        self.env.flush_all()
        bank.bic = "SMITGB"
        self.env.flush_all()
        bank.bic = ""
        self.env.flush_all()
        labels = [change["label"] for change in self.entries(bank)[0]["changes"]]
        self.assertIn("Name", labels)
        self.assertEqual(
            self.told(bank, "Bank Identifier Code"), [("", "SMITGB"), ("SMITGB", "")]
        )

    def test_two_dates(self):
        partner = self.partners.create({"name": "Smith"})
        partner.ref = "1"
        self.env.flush_all()
        answer = self.timeline.compare(
            "res.partner", partner.id, "2000-01-01 00:00:00", "2100-01-01 00:00:00"
        )
        changes = answer["groups"][0]["entries"][0]["changes"]
        self.assertIn(("Reference", "1"), [(c["label"], c["new"]) for c in changes])
        before = self.timeline.compare(
            "res.partner", partner.id, "2000-01-01 00:00:00", "2000-01-02 00:00:00"
        )
        self.assertEqual(before["groups"][0]["entries"], [])
        with self.assertRaisesRegex(UserError, "second date"):
            self.timeline.compare(
                "res.partner", partner.id, "2100-01-01 00:00:00", "2000-01-01 00:00:00"
            )

    def test_who_when_why(self):
        partner = self.partners.create({"name": "Smith"})
        reasoned = self.env["mfg.audit.rule"].with_reason("ECO", "4711").env
        reasoned["res.partner"].browse(partner.id).ref = "1"
        self.env.flush_all()
        (group,) = self.timeline.get_timeline("res.partner", partner.id)["groups"]
        self.assertEqual(group["reason"], "ECO: 4711")
        self.assertTrue(group["date"] and group["user"] and group["origin"])

    def test_every_audited_form_has_the_timeline(self):
        def offered(user, model):
            views = (
                self.env[model]
                .with_user(user)
                .get_views([(False, "form")], {"toolbar": True})
            )["views"]["form"]
            actions = views["toolbar"].get("action", [])
            menu = "Audit Timeline" in [each["name"] for each in actions]
            return menu, "o_mfg_audit_timeline_button" in views["arch"]

        self.assertEqual(offered(self.auditor, "res.partner"), (True, True))
        self.assertEqual(offered(self.clerk, "res.partner"), (False, False))
        self.assertEqual(offered(self.auditor, "res.country"), (False, False))
        rule = self.capture("res.country")
        self.assertTrue(offered(self.auditor, "res.country")[0])
        rule.unlink()
        self.assertEqual(offered(self.auditor, "res.country"), (False, False))

    def test_only_auditors_read(self):
        timeline = self.env["mfg.audit.timeline"].with_user(self.clerk)
        with self.assertRaises(AccessError):
            timeline.get_timeline("res.partner", 1)
        with self.assertRaises(AccessError):
            timeline.compare(
                "res.partner", 1, "2000-01-01 00:00:00", "2100-01-01 00:00:00"
            )
        with self.assertRaises(UserError):
            self.timeline.get_timeline("no.such.model", 1)

    def test_events_are_called_by_kind_and_name(self):
        self.capture("res.currency.rate")
        partner = self.partners.create({"name": "Smith"})
        self.env.flush_all()
        partner.name = "Smith & Sons"
        rate = self.env["res.currency.rate"].create(
            {
                "name": "2020-02-29",
                "rate": 2.0,
                "currency_id": self.env.ref("base.EUR").id,
            }
        )
        self.env.flush_all()

        def called(record):
            events = self.env["mfg.audit.event"].with_user(self.auditor)
            return events.search(
                [("table_name", "=", record._table), ("res_id", "=", record.id)],
                order="id",
            )

        names = called(partner).mapped("display_name")
        self.assertEqual(
            (names[0], names[-1]), ("Contact: Smith", "Contact: Smith & Sons")
        )
        self.assertEqual(set(called(partner).mapped("kind")), {"Contact"})
        self.assertEqual(
            called(rate).display_name, f"Currency Rate: {rate.display_name}"
        )
        transaction = called(partner)[0].transaction_id
        self.assertNotIn(transaction.request, transaction.display_name)

    def test_records_without_a_name_are_called_by_kind_and_number(self):
        rule = self.capture("res.users.log")
        log = self.env["res.users.log"].create({})
        self.env.flush_all()
        event = (
            self.env["mfg.audit.event"]
            .with_user(self.auditor)
            .search([("table_name", "=", log._table), ("res_id", "=", log.id)])
        )
        self.assertEqual(event.record_name, f"#{log.id}")
        self.assertEqual(event.display_name, f"{rule.model_id.name} #{log.id}")
        heading = self.timeline.get_timeline(log._name, log.id)
        self.assertEqual(
            heading["name"], event.display_name, "the same on both screens"
        )

    def test_timeline_of_an_event_about_several_records(self):
        self.capture("res.groups")
        partners = self.partners.create([{"name": "Smith"}, {"name": "Jones"}])
        group = self.env["res.groups"].create({"name": "Welders"})
        self.env.flush_all()
        group.write({"users": [Command.link(self.clerk.id)]})
        self.env.flush_all()
        observation.observe(self.env, "X", "res.partner", partners.ids)
        self.env.invalidate_all()
        events = self.env["mfg.audit.event"].with_user(self.auditor)

        export = events.search([("operation", "=", "X")], limit=1)
        action = export.action_open_timeline()
        self.assertEqual(action["res_model"], "mfg.audit.event")
        listed = events.search(action["domain"])
        self.assertEqual(set(listed.mapped("res_id")), set(partners.ids))

        pair = events.search([("table_name", "=", "res_groups_users_rel")], limit=1)
        self.assertEqual(pair.kind, "Link: Access Groups – User")
        context = pair.action_open_timeline()["context"]
        told = (context["active_model"], context["active_id"])
        sides = [("res.groups", group.id), ("res.users", self.clerk.id)]
        self.assertIn(told, sides)
        grouped = events.read_group([("id", "=", pair.id)], [], ["model_id"])
        kind = grouped[0]["model_id"][0]
        self.assertIn(kind, [self.env["ir.model"]._get_id(each) for each, _id in sides])

    def test_timeline_tells_of_what_was_about_the_whole_table(self):
        self.capture("res.partner.category")
        smith = self.env["res.partner.category"].create({"name": "Smith"})
        self.env.flush_all()
        cr = self.env.cr
        capture.by_statement(cr, smith._table)
        cr.execute("UPDATE res_partner_category SET color = 3")
        capture.by_row(cr, smith._table)
        cr.execute("SELECT COUNT(*) FROM res_partner_category")
        (count,) = cr.fetchone()

        told = self.timeline.get_timeline(smith._name, smith.id)

        ((created, bulk),) = [group["entries"] for group in told["groups"]]
        self.assertEqual((created["operation"], bulk["operation"]), ("I", "B"))
        self.assertEqual((bulk["record"], bulk["own"]), ("Many records", False))
        said = {each["label"]: each["new"] for each in bulk["changes"]}
        self.assertEqual((said["Statement"], said["Rows"]), ("UPDATE", str(count)))

    def test_who_looked_at_an_event_is_listed(self):
        self.capture("res.partner")
        partner = self.partners.create({"name": "Smith"})
        self.env.flush_all()
        events = self.env["mfg.audit.event"].with_user(self.auditor)
        created = events.search([("table_name", "=", "res_partner")], limit=1)
        observation.observe(self.env, "R", "mfg.audit.event", created.ids)
        looked = events.search([("operation", "=", "R")], limit=1)

        listed = events.search(looked.action_open_timeline()["domain"])

        self.assertIn(looked, listed)
        self.assertEqual(set(listed.mapped("res_id")), {created.id})
        self.assertEqual(created.res_id, partner.id)
