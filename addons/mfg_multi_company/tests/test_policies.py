from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import GroupCase
from .world import PLANTS


class PolicyCase(GroupCase):
    """A shared item whose name, code and category belong to the group."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        item = "stock.group_stock_manager," + PLANTS + "user"
        cls.world.user("item_a", item + ",base.group_partner_manager")
        cls.world.user("item_b", item + ",base.group_partner_manager", "b")
        cls.world.user("steward", item + ",base.group_partner_manager")
        cls.world.steward("steward", "item")
        cls.world.steward("steward", "vendor")
        cls.item = cls.env["product.template"].create(
            {"name": "Shaft", "default_code": "S-1", "detailed_type": "product"}
        )
        cls.policy = cls.make_policy(
            "product.template",
            "[('company_id', '=', False)]",
            {"name": "global", "default_code": "global", "categ_id": "global"},
            name="Group items",
        )

    @classmethod
    def make_policy(cls, model, only, modes, **values):
        field = cls.env["ir.model.fields"]._get
        return cls.env["mfg.data.policy"].create(
            {
                "name": "Policy",
                "model_id": cls.env["ir.model"]._get_id(model),
                "filter_domain": only,
                "reference_company_id": cls.world.companies["a"].id,
                "line_ids": [
                    Command.create({"field_id": field(model, name).id, "mode": mode})
                    for name, mode in modes.items()
                ],
                **values,
            }
        )

    def request(self, record, name, wanted, user="item_a", **values):
        """A submitted change request for one field."""
        model = record._name
        request = self.world.env_of(user)["mfg.change.request"].create(
            {
                "res_model": model,
                "res_id": record.id,
                "line_ids": [
                    Command.create(
                        {
                            "field_id": self.env["ir.model.fields"]
                            ._get(model, name)
                            .id,
                            "value_wanted": wanted,
                        }
                    )
                ],
                **values,
            }
        )
        # The button is a request of its own: nothing is known of what was just typed.
        request.invalidate_recordset()
        request.action_submit()
        return request


@tagged("post_install", "-at_install")
class TestPolicies(PolicyCase):
    """What belongs to the group changes by its steward or by request, on no other way."""

    def test_mc_16_every_way_to_write_a_global_field_is_closed(self):
        item = self.as_user(self.item, "item_a")
        variant = item.product_variant_id
        other = self.env["product.category"].create({"name": "Other"})
        action = self.env["ir.actions.server"].create(
            {
                "name": "Rename",
                "model_id": self.env["ir.model"]._get_id("product.template"),
                "state": "code",
                "code": "record.sudo().write({'name': 'X'})",
            }
        )
        tag = self.as_user(self.env["product.tag"], "item_a").create({"name": "T"})
        external = self.item._export_rows([["id"]])[0][0]

        def form():
            with Form(item) as view:
                view.name = "X"

        def load():
            result = item.load(["id", "name"], [[external, "X"]])
            raise UserError(result["messages"][0]["message"])

        def swallow():
            try:
                item.sudo().write({"name": "X"})
            except UserError:
                self.assertEqual(item.name, "Shaft")
                raise

        ways = {
            "write": lambda: item.write({"name": "X"}),
            "form": form,
            "import": load,
            "sudo": swallow,
            "variant": lambda: variant.write({"name": "X"}),
            "code of variant": lambda: variant.write({"default_code": "X"}),
            "code of template": lambda: item.write({"default_code": "X"}),
            "server action": lambda: (
                action.with_env(item.env)
                .sudo()
                .with_context(active_model="product.template", active_id=item.id)
                .run()
            ),
            "x2many": lambda: tag.write(
                {"product_template_ids": [Command.update(item.id, {"name": "X"})]}
            ),
            "translation": lambda: item.update_field_translations(
                "name", {"en_US": "X"}
            ),
            "leaving": lambda: item.write({"company_id": self.world.companies["a"].id}),
            "category": lambda: item.write({"categ_id": other.id}),
        }
        for way, attempt in ways.items():
            with self.subTest(way), self.assertRaises(UserError) as refusal:
                attempt()
            self.assertRegex(
                str(refusal.exception),
                "(Name|Internal Reference|Company|Product Category).*Group items.*"
                "Group steward.*Request a Change",
            )
            self.env.invalidate_all()
            self.assertEqual(self.item.name, "Shaft")
            self.assertEqual(self.item.default_code, "S-1")
            self.assertFalse(self.item.company_id)

    def test_mc_16_steward_and_what_stays_free(self):
        item = self.as_user(self.item, "item_a")
        item.write({"name": "Shaft", "list_price": 12, "description": "local"})
        own = item.create({"name": "Own", "company_id": item.env.company.id})
        own.name = "Still own"
        self.as_user(self.item, "steward").write({"name": "Axle"})
        self.assertEqual(self.item.name, "Axle")
        self.policy.date_from = fields.Date.today() + timedelta(days=2)
        item.name = "Before the policy"

    def test_mc_16_only_the_steward_makes_and_deletes(self):
        self.policy.creation = "steward"
        items = self.as_user(self.env["product.template"], "item_a")
        before = self.env["product.template"].search_count([])
        own = items.create({"name": "Own", "company_id": items.env.company.id})
        tag = self.as_user(self.env["product.tag"], "item_a").create({"name": "T"})
        for attempt in (
            lambda: items.create({"name": "New"}),
            lambda: items.env["product.product"].create({"name": "New"}),
            lambda: self.item.with_env(items.env).copy(),
            lambda: tag.write(
                {"product_template_ids": [Command.create({"name": "New"})]}
            ),
            lambda: own.write({"company_id": False}),
            lambda: self.item.with_env(items.env).unlink(),
        ):
            with self.assertRaisesRegex(UserError, "only the steward of Items"):
                attempt()
        result = items.load(["name"], [["New"]])
        self.assertIn("only the steward", result["messages"][0]["message"])
        self.assertEqual(self.env["product.template"].search_count([]), before + 1)
        self.as_user(self.env["product.template"], "steward").create({"name": "New"})

    def test_domain_without_steward_is_told_in_the_form(self):
        self.assertFalse(self.policy.lacks_steward)
        self.assertTrue(
            self.make_policy("mrp.bom", "[]", {}, domain="bom").lacks_steward
        )

    def test_local_line_of_an_earlier_policy_wins(self):
        self.make_policy("product.template", "[]", {"name": "local"}, sequence=1)
        self.as_user(self.item, "item_a").name = "Mine"
        with self.assertRaises(UserError):
            self.as_user(self.item, "item_a").default_code = "M-1"

    def test_cost_of_the_hook(self):
        """No query without a policy; as many for one record as for a hundred with one."""
        tags = self.as_user(self.env["product.tag"], "item_a").create(
            [{"name": f"T{number}"} for number in range(100)]
        )
        tags.env.flush_all()
        tags.write({"color": 1})
        tags.env.flush_all()
        with self.assertQueryCount(1):
            tags.write({"color": 2})
            tags.env.flush_all()
        items = self.env["product.template"].create(
            [{"name": f"I{number}"} for number in range(100)]
        )
        counts = []
        for records in (items[:1], items):
            records = self.as_user(records, "item_a")
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertTrue(records.env.company.name)  # loaded once per transaction
            start = self.cr.sql_log_count
            records.write(
                {"name": records[0].name, "sequence": 5}
                if not counts
                else {"sequence": 6}
            )
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - start)
        self.assertLessEqual(counts[1], counts[0] + 1)


@tagged("post_install", "-at_install")
class TestChangeRequests(PolicyCase):
    """A change of group data is asked for, decided by somebody else and applied once."""

    def test_mc_16_request_is_applied_and_the_second_becomes_a_conflict(self):
        first = self.request(self.item, "name", "Axle")
        second = self.request(self.item, "name", "Spindle", "item_b")
        self.assertEqual(first.steward_id, self.world.users["steward"])
        self.assertEqual(first.activity_ids.user_id, self.world.users["steward"])
        impact = dict(
            second.sudo().impact_ids.mapped(lambda row: (row.name, row.count))
        )
        self.assertEqual(impact["Other open change requests"], 1)
        self.as_user(first, "steward").action_approve()
        self.assertEqual((first.state, self.item.name), ("applied", "Axle"))
        self.assertFalse(first.activity_ids)
        self.as_user(second, "steward").action_approve()
        self.assertEqual((second.state, self.item.name), ("conflict", "Axle"))
        self.assertIn("was “Shaft” and is “Axle”", second.conflict_note)

    def test_mc_19_requester_does_not_decide(self):
        request = self.request(self.item, "name", "Axle", "steward")
        with self.assertRaisesRegex(AccessError, "Another person must decide"):
            self.as_user(request, "steward").action_approve()
        request = self.request(self.item, "name", "Axle")
        for user in ("conf", "apr1"):
            with self.assertRaisesRegex(AccessError, "Only the steward"):
                self.as_user(request, user).action_approve()
        with self.assertRaises(AccessError):
            self.as_user(request, "stranger").action_approve()
        with self.assertRaisesRegex(AccessError, "buttons only"):
            self.as_user(request, "item_a").sudo().write({"state": "applied"})
        with self.assertRaisesRegex(UserError, "cannot change any more"):
            self.as_user(request, "item_a").line_ids.value_wanted = "Y"
        with self.assertRaisesRegex(AccessError, "change requests only"):
            self.as_user(self.env["mfg.data.override"], "steward").sudo().create({})
        self.as_user(request, "steward").action_reject()
        self.assertEqual(self.item.name, "Shaft")

    def test_bad_requests_name_what_is_missing(self):
        def refused(message, name, wanted, **values):
            with self.assertRaisesRegex(UserError, message):
                self.request(self.item, name, wanted, **values)

        refused("No records are called Nowhere", "categ_id", "Nowhere")
        refused("No data policy governs", "description", "x")
        refused("Say in Reason", "name", "x", reason_code="regulatory")
        refused("Fill in Valid Until", "name", "x", kind="override")
        until = fields.Date.today() + timedelta(days=5)
        refused("no deviation", "name", "x", kind="override", valid_until=until)
        hidden = self.env["product.template"].create(
            {"name": "Secret", "company_id": self.world.companies["b"].id}
        )
        with self.assertRaises(AccessError):
            self.request(hidden, "name", "x")

    def test_inherited_value_deviates_with_approval_and_returns(self):
        partner = self.env["res.partner"].create({"name": "Forge", "is_company": True})
        term_15 = self.env["account.payment.term"].create({"name": "T15"})
        term_60 = self.env["account.payment.term"].create({"name": "T60"})
        name = "property_supplier_payment_term_id"
        self.make_policy(
            "res.partner",
            "[('is_company', '=', True)]",
            {name: "inherited"},
            domain="vendor",
            company_ids=[Command.set([self.world.companies[key].id for key in "abc"])],
        )

        def term(key):
            company = self.world.companies[key]
            return partner.with_company(company)[name]

        self.as_user(partner, "steward")[name] = term_15
        self.assertEqual([term(key) for key in "abc"], [term_15] * 3)
        with self.assertRaisesRegex(UserError, "override of your company"):
            self.as_user(partner, "item_b")[name] = term_60
        today = fields.Date.today()
        request = self.request(
            partner,
            name,
            "T60",
            "item_b",
            kind="override",
            valid_until=today + timedelta(days=30),
            reason_code="regulatory",
            reason="Law of the country",
        )
        self.as_user(request, "steward").action_approve()
        self.assertEqual([term(key) for key in "abc"], [term_15, term_60, term_15])
        term_20 = self.env["account.payment.term"].create({"name": "T20"})
        self.as_user(partner, "steward")[name] = term_20
        self.assertEqual([term(key) for key in "abc"], [term_20, term_60, term_20])
        override = self.env["mfg.data.override"].search([("res_id", "=", partner.id)])
        self.env.flush_all()
        self.cr.execute(
            "UPDATE mfg_data_override SET date_to = %s WHERE id = %s",
            [today - timedelta(days=1), override.id],
        )
        self.env.invalidate_all()
        self.env["mfg.data.override"]._cron_end_expired()
        self.assertEqual(override.state, "ended")
        self.assertEqual([term(key) for key in "abc"], [term_20] * 3)

    def test_mc_15_strangers_see_no_request(self):
        request = self.request(self.item, "name", "Axle")
        env = self.world.env_of("stranger")
        self.assertFalse(env["mfg.change.request"].search([("id", "=", request.id)]))
        self.assertFalse(env["mfg.change.request"].name_search(request.name))
        for record in (request, request.line_ids):
            with self.assertRaises(AccessError):
                record.with_env(env).read([])


@tagged("post_install", "-at_install")
class TestRules(PolicyCase):
    """Bad records are refused, or wait on the list of the steward."""

    def make_rule(self, model, kind, names, **values):
        field = self.env["ir.model.fields"]._get
        return self.world.env_of("conf")["mfg.data.rule"].create(
            {
                "name": "Rule",
                "model_id": self.env["ir.model"]._get_id(model),
                "kind": kind,
                "field_ids": [Command.set([field(model, name).id for name in names])],
                **values,
            }
        )

    def test_duplicates_are_refused_without_telling_foreign_names(self):
        self.make_rule("product.template", "duplicate", ["name"], level="block")
        items = self.as_user(self.env["product.template"], "item_a")
        company = items.env.company.id
        with self.assertRaisesRegex(ValidationError, r"agree with \[S-1\] Shaft"):
            items.create({"name": "  SHAFT.", "company_id": company})
        self.env["product.template"].create(
            {"name": "Gear", "company_id": self.world.companies["b"].id}
        )
        with self.assertRaisesRegex(ValidationError, "another company") as refusal:
            items.create({"name": "gear", "company_id": company})
        self.assertNotIn("Gear", str(refusal.exception))
        own = items.create({"name": "Gear box", "company_id": company})
        with self.assertRaisesRegex(ValidationError, "another company"):
            own.name = "GEAR"

    def test_pattern_and_required(self):
        self.make_rule(
            "product.template",
            "pattern",
            ["default_code"],
            pattern=r"[A-Z]-\d+",
            example="S-1",
            level="block",
        )
        self.make_rule(
            "res.partner",
            "required",
            ["country_id"],
            filter_domain="[('is_company', '=', True)]",
            level="block",
            domain="customer",
        )
        items = self.as_user(self.env["product.template"], "item_a")
        values = {"name": "Own", "company_id": items.env.company.id}
        with self.assertRaisesRegex(ValidationError, "such as S-1"):
            items.create({**values, "default_code": "abc"})
        items.create({**values, "default_code": "A-17"})
        partners = items.env["res.partner"]
        partners.create({"name": "A person"})
        with self.assertRaisesRegex(ValidationError, "fill in Country"):
            partners.create({"name": "A company", "is_company": True})
        with self.assertRaisesRegex(ValidationError, "regular expression"):
            self.make_rule("res.partner", "pattern", ["name"], pattern="(")
        with self.assertRaisesRegex(ValidationError, "Fields must belong"):
            self.make_rule("res.partner", "required", ["name"]).model_id = self.env[
                "ir.model"
            ]._get("product.template")

    def test_work_list_of_the_steward(self):
        vendors = self.env["res.partner"].create(
            [
                {"name": name, "vat": vat, "supplier_rank": 1}
                for name, vat in (("Forge", "AT U1"), ("Forge Ltd", "ATU-1"))
            ]
        )
        rule = self.make_rule(
            "res.partner",
            "duplicate",
            ["vat"],
            domain="vendor",
            filter_domain=f"[('id', 'in', {vendors.ids})]",
        )
        self.world.users["steward"].groups_id |= self.env.ref(PLANTS + "steward")
        rule.action_scan()
        issues = self.as_user(self.env["mfg.data.issue"], "steward").search(
            [("rule_id", "=", rule.id)]
        )
        self.assertEqual(issues.steward_id, self.world.users["steward"])
        self.assertEqual(sorted(issues.mapped("res_id")), sorted(vendors.ids))
        with self.assertRaisesRegex(UserError, "Say in Note"):
            issues[0].action_accept()
        vendors[1].vat = "ATU-2"
        rule.action_scan()
        self.assertEqual(set(issues.mapped("state")), {"resolved"})
        with self.assertRaises(AccessError):
            self.as_user(issues, "item_a").read(["message"])
