from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .facility_common import FacilityCase, csv, xlsx


@tagged("post_install", "-at_install")
class TestFacility(FacilityCase):
    """A plant is connected in one form, by its template."""

    def test_template_is_chosen_checked_and_connected(self):
        """A gateway of a floor, as a person fills in the form."""
        template = self.template("mes").with_user(self.integrator)
        action = template.action_connect()
        form = Form(
            self.env[action["res_model"]]
            .with_user(self.integrator)
            .with_context(**action["context"])
        )
        form.name, form.code = "Rockford MES", "rockford"
        form.user_id = self.service
        form.url = "https://rockford.example.com/events"
        wizard = form.save()
        self.assertEqual(wizard.company_id, self.plant)

        wizard.action_preview()
        self.assertEqual(wizard.state, "preview")
        for word in ("Rockford MES", "rockford.example.com", "Production released"):
            self.assertIn(word, wizard.preview)
        self.assertFalse(self.connected(), "a preview creates nothing")

        answer = wizard.action_connect()
        system = self.connected()
        self.assertEqual(system.kind, "mes")
        self.assertEqual(system.user_id, self.service)
        self.assertEqual(system.company_id, self.plant)
        endpoint = system.endpoint_ids
        self.assertEqual(endpoint.retry_policy_id, template.retry_policy_id)
        self.assertEqual(endpoint.timeout_read, 5)
        self.assertEqual(
            endpoint.subscription_ids.interface_id, template.outbound_interface_ids
        )
        self.assertEqual(endpoint.subscription_ids.company_id, self.plant)
        credential = system.credential_ids
        self.assertEqual(credential.interface_ids, template.inbound_interface_ids)
        self.assertEqual(credential.quota_per_minute, 0)
        self.assertEqual(answer["context"]["default_credential_id"], credential.id)
        self.assertIn(credential.prefix, answer["context"]["default_secret"])

    def test_legacy_erp_gets_folders_and_no_key(self):
        system = self.connect("legacy_erp", folder="night", url=False)
        self.assertEqual(system.master_role, "own")
        self.assertEqual(system.stock_role, "mirror")
        self.assertEqual(system.endpoint_ids.transport, "file")
        self.assertEqual(system.endpoint_ids.folder, "night/out")
        self.assertFalse(system.credential_ids)
        folders = self.env["mfg.integration.folder"].search(
            [("system_id", "=", system.id)]
        )
        self.assertEqual(
            set(folders.mapped("path")),
            {
                "night/in/bom.changed",
                "night/in/item.changed",
                "night/in/partner.changed",
                "night/in/purchase.acknowledged",
                "night/in/stock.snapshot",
            },
        )
        self.assertFalse(any(folders.mapped("problem")))

    def test_accounting_takes_batches_in_the_evening(self):
        system = self.connect("accounting")
        window = system.endpoint_ids.batch_window_ids
        self.assertEqual((window.hour_from, window.hour_to), (20, 24))

    def test_files_of_columns_are_read_by_the_layout_of_the_template(self):
        interface = self.env.ref("mfg_integration_plant.interface_finance_journal")
        layout = self.env["mfg.integration.file.layout"].create(
            {"name": "Journal", "interface_id": interface.id}
        )
        self.template("accounting").layout_ids = layout
        self.connect("accounting")
        folder = self.env["mfg.integration.folder"].search(
            [("path", "=", "in/finance.journal"), ("system_id.code", "=", "rockford")]
        )
        self.assertEqual((folder.file_format, folder.layout_id), ("table", layout))

    def test_template_without_interfaces_is_told_at_once(self):
        template = Form(
            self.env["mfg.integration.facility.template"].with_user(self.integrator)
        )
        template.name = "Half"
        with self.assertRaisesRegex(ValidationError, "It Hears Of"):
            template.save()

    def test_every_shipped_template_connects(self):
        templates = self.env["mfg.integration.facility.template"].search([])
        self.assertGreaterEqual(len(templates), 7)
        for number, template in enumerate(templates):
            with self.subTest(template.name):
                wizard = self.wizard("mes", code=f"plant-{number}")
                wizard.template_id = template
                wizard.action_connect()
                self.assertEqual(self.connected(f"plant-{number}").kind, template.kind)

    def test_messages_arrive_in_the_words_of_the_plant(self):
        """What the spreadsheet says is what the plant's messages mean."""
        shelf = self.env["stock.location"].create(
            {
                "name": "Line 3",
                "barcode": "TP-LINE-3",
                "location_id": self.stock.id,
                "company_id": self.plant.id,
            }
        )
        self.stock.barcode = "TP-STOCK"
        self.put_in_stock(self.screw, 20)
        sheet = xlsx(
            ("item", 4711, "SC-1"),
            ("item", "4711-OLD", "SC-1"),
            ("unit", "PCE", "Units"),
            ("location", "HALL", "TP-STOCK"),
            ("location", "L3", "TP-LINE-3"),
        )
        system = self.connect("wms", names_file=sheet)
        self.credential = system.credential_ids
        xrefs = self.env["mfg.integration.xref"].search(
            [("system_id", "=", system.id), ("model", "=", "product.product")]
        )
        self.assertEqual(
            {each.external_id: each.is_primary for each in xrefs},
            {"4711": True, "4711-OLD": False},
        )
        line = {"item": "4711", "quantity": {"value": 7, "unit": "PCE"}}
        self.done("stock.transfer", {"from": "HALL", "to": "L3", "lines": [line]})
        self.assertEqual(self.on_hand(self.screw, location=shelf), 7)

    def test_maps_get_entries_of_this_system(self):
        sheet = csv(
            ("Unit conversions", "T", "kg", "0.001"),
            ("Item tracking", "L", "lot", ""),
            ("Item tracking", "C", "lot", ""),
        )
        system = self.connect("legacy_erp", maps_file=sheet, maps_name="maps.csv")
        lines = self.env["mfg.integration.value.map.line"].search(
            [("system_id", "=", system.id)]
        )
        self.assertEqual(
            {(line.external_value, line.internal_value, line.factor) for line in lines},
            {("T", "kg", 0.001), ("L", "lot", 1), ("C", "lot", 1)},
        )
        self.assertEqual(lines.map_id.company_id, self.plant)
        self.assertEqual(set(lines.map_id.mapped("kind")), {"unit", "value"})

    def test_a_second_plant_uses_the_same_maps(self):
        first = csv(("Unit conversions", "T", "kg", "0.001"))
        second = csv(("Unit conversions", "T", "kg", "0.00110231"))
        systems = self.connect("mes", maps_file=first, maps_name="maps.csv")
        systems |= self.connect(
            "mes", maps_file=second, maps_name="maps.csv", code="dayton"
        )
        lines = self.env["mfg.integration.value.map.line"].search(
            [("system_id", "in", systems.ids)]
        )
        self.assertEqual(len(lines), 2)
        self.assertEqual(len(lines.map_id), 1)

    def test_a_map_that_is_needed_is_asked_for(self):
        self.template("mes").map_ids.required = True
        with self.assertRaisesRegex(UserError, "no entry of the map Unit conversions"):
            self.wizard("mes").action_preview()

    def test_same_code_again_is_refused_naming_the_system(self):
        self.connect("mes", name="First Floor")
        with self.assertRaisesRegex(UserError, "First Floor has the code “rockford”"):
            self.wizard("wms").action_preview()

    def test_code_of_another_company_is_taken_and_its_name_stays_unknown(self):
        self.env["mfg.integration.system"].create(
            {"name": "Secret", "code": "rockford", "company_id": self.other_plant().id}
        )
        with self.assertRaisesRegex(
            UserError, "another company has the code"
        ) as caught:
            self.wizard("mes").action_connect()
        self.assertNotIn("Secret", str(caught.exception))

    def test_address_and_code_are_checked_before_anything_is_created(self):
        for values, cause in (
            ({"url": "ftp://example.com"}, "complete https:// address"),
            ({"url": "http://10.1.2.3/x"}, "not encrypted"),
            ({"code": "../etc"}, "lower case letters"),
            ({"key_networks": "plant"}, "enter an address with a prefix length"),
        ):
            with self.subTest(cause), self.assertRaisesRegex(UserError, cause):
                self.wizard("mes", **values).action_preview()
        with self.assertRaisesRegex(ValidationError, "not a plain path"):
            self.wizard("legacy_erp", folder="../..").action_preview()

    def test_interface_without_approved_contract_is_named(self):
        interface = self.env["mfg.integration.interface"].create(
            {"name": "Note", "code": "note.written", "direction": "outbound"}
        )
        self.template("mes").outbound_interface_ids |= interface
        with self.assertRaisesRegex(ValidationError, "Note has no approved contract"):
            self.wizard("mes").action_preview()

    def test_template_keeps_directions_apart(self):
        template = self.template("mes").with_user(self.integrator)
        with self.assertRaisesRegex(ValidationError, "goes the other way"):
            template.outbound_interface_ids |= template.inbound_interface_ids[0]

    def test_viewers_and_operators_connect_nothing(self):
        for user in (self.viewer, self.keeper, self.operator):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.wizard("mes", user=user)
        wizard = self.wizard("mes")
        for method in ("action_preview", "action_connect"):
            with self.assertRaises(AccessError):
                getattr(wizard.with_user(self.viewer), method)()
        with self.assertRaises(AccessError):
            self.template("mes").with_user(self.viewer).name = "Mine"

    def test_foreign_companies_are_refused(self):
        other = self.other_plant()
        with self.assertRaises(AccessError):
            self.wizard("mes", company_id=other.id)
        wizard = self.wizard("mes")
        with self.assertRaises(UserError):
            wizard.company_id = other
            wizard.action_connect()
        self.assertFalse(
            self.env["mfg.integration.system"].search([("company_id", "=", other.id)])
        )
        template = self.template("mes").copy({"company_id": other.id})
        with self.assertRaises(AccessError):
            template.with_user(self.integrator).read(["name"])

    def test_service_user_has_an_address_to_write_notes_under(self):
        self.service.email = False
        with self.assertRaisesRegex(UserError, "has no e-mail address"):
            self.wizard("mes").action_preview()

    def test_service_user_is_one_of_the_company(self):
        stranger = self.env["res.users"].create(
            {
                "name": "Stranger",
                "login": "plant_test_stranger",
                "company_id": self.env.ref("base.main_company").id,
                "company_ids": [(6, 0, self.env.ref("base.main_company").ids)],
            }
        )
        with self.assertRaisesRegex(UserError, "ncompatible companies|Service User"):
            self.wizard("mes", user_id=stranger.id)
