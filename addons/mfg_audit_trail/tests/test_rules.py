from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form

from .common import AuditCase


class TestRules(AuditCase):
    def test_profile_captures_what_is_installed(self):
        profile = self.env["mfg.audit.profile"].create(
            {
                "name": "Test",
                "code": "test",
                "model_names": "res.country\nno.such.model\nres.country.group",
            }
        )
        self.assertEqual(profile.installed_count, 2)
        self.assertEqual(profile.absent_names, "no.such.model")

        profile.with_user(self.admin).action_switch_on()
        self.env["res.country"].create({"name": "Utopia", "code": "ZZ"})
        self.assertEqual([each["op"] for each in self.events("res_country")], ["I"])

        profile.with_user(self.admin).action_switch_off()
        self.forget()
        self.env["res.country"].create({"name": "Erewhon", "code": "ZX"})
        self.assertEqual(self.events("res_country"), [])

        profile.with_user(self.admin).action_switch_on()
        self.env["res.country"].create({"name": "Atlantis", "code": "ZY"})
        self.assertEqual(len(self.events("res_country")), 1)

    def test_profile_is_made_in_a_form(self):
        form = Form(self.env["mfg.audit.profile"].with_user(self.admin))
        self.assertEqual(form.installed_count, 0)
        form.name, form.code = "Test", "test"
        form.model_names = "res.country\nno.such.model"
        self.assertEqual(
            (form.installed_count, form.absent_names), (1, "no.such.model")
        )
        profile = form.save()
        told = profile.action_switch_on()
        self.assertIn("no.such.model", told["params"]["message"])
        self.assertEqual(profile.rule_ids.model_id.model, "res.country")

    def test_only_an_administrator_decides(self):
        profile = self.env.ref("mfg_audit_trail.profile_access")
        for user in (self.auditor, self.clerk):
            with self.assertRaises(AccessError):
                profile.with_user(user).action_switch_on()
            with self.assertRaises(AccessError):
                self.rule.with_user(user).write({"on_unlink": False})

    def test_ignored_and_secret_fields_of_a_rule(self):
        fields = self.env["ir.model.fields"]
        self.rule.write(
            {
                "ignored_field_ids": [
                    Command.link(fields._get("res.partner", "color").id)
                ],
                "secret_field_ids": [
                    Command.link(fields._get("res.partner", "function").id)
                ],
            }
        )
        partner = self.partners.create({"name": "Smith", "function": "Buyer"})
        self.forget()
        partner.write({"color": 5})
        self.assertEqual(self.events("res_partner"), [])
        partner.write({"function": "Confidant", "color": 6})
        (event,) = self.events("res_partner")
        self.assertIn("function", event["new"])
        self.assertNotIn("color", event["new"])
        self.assertNotIn("Confidant", str(event))

    def test_only_the_operations_of_the_rule(self):
        self.rule.write({"on_create": False, "on_unlink": False})
        partner = self.partners.create({"name": "Smith"})
        self.env.flush_all()
        partner.write({"ref": "1"})
        partner.sudo().unlink()
        self.assertEqual({each["op"] for each in self.events("res_partner")}, {"U"})

    def test_only_the_companies_of_the_rule(self):
        other = self.env["res.company"].create({"name": "Other plant"})
        self.rule.write({"company_ids": [Command.set(other.ids)]})
        self.forget()
        self.env["res.partner"].create(
            [
                {"name": "Theirs", "company_id": other.id},
                {"name": "Ours", "company_id": self.env.company.id},
            ]
        )
        self.assertEqual(
            [
                each["new"]["name"]
                for each in self.events("res_partner")
                if each["op"] == "I"
            ],
            ["Theirs"],
        )

    def test_models_without_a_table_are_refused(self):
        for model in ("mail.thread", "base.language.install", "mfg.audit.event"):
            if model not in self.env:
                continue
            with self.assertRaisesRegex(ValidationError, "keeps no records"):
                self.capture(model)

    def test_a_rule_that_captures_nothing_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "captures nothing"):
            self.rule.write({"on_create": False, "on_write": False, "on_unlink": False})

    def test_missing_triggers_are_repaired(self):
        self.env.cr.execute("ALTER TABLE res_partner DISABLE TRIGGER mfg_audit_capture")
        self.assertEqual(self.env["mfg.audit.rule"]._apply_rules(), ["res_partner"])
        self.assertEqual(self.env["mfg.audit.rule"]._apply_rules(), [])
        self.partners.create({"name": "Smith"})
        self.assertEqual(
            [each["op"] for each in self.events("res_partner")][:2], ["G", "I"]
        )
