"""Two plants with one exception of every kind each."""

from odoo import Command

from odoo.addons.mfg_integration_queue.tests.test_delivery import EngineCase

EVERY_RIGHT = (
    "stock.group_stock_user,mrp.group_mrp_user,mfg_integration_queue.group_operator,"
    "mfg_quality_hold.group_inspect,mfg_multi_company.group_steward,"
    "mfg_audit_trail.group_reviewer"
)
NOW = "timezone('UTC', now())"


class SuiteCase(EngineCase):
    """Plant One and Plant Two, people with rights in one of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plants = cls.company + cls.other_company
        cls._subscribe(cls.interface, cls.endpoint, cls.other_company)
        cls.person = cls._user("person", EVERY_RIGHT)
        cls.stranger = cls._user("person", EVERY_RIGHT, cls.other_company)
        cls.part = {plant: cls._part(plant) for plant in cls.plants}

    @classmethod
    def _part(cls, plant):
        return (
            cls.env["product.product"]
            .with_company(plant)
            .create(
                {
                    "name": f"Housing of {plant.name}",
                    "detailed_type": "product",
                    "tracking": "lot",
                    "standard_price": 5,
                    "company_id": plant.id,
                }
            )
        )

    @classmethod
    def _rows(cls, user, domain=(), companies=None):
        """What somebody finds in the inbox."""
        cls.env.flush_all()
        cls.env.invalidate_all()
        companies = companies or user.company_id
        env = cls.env(user=user.id, context={"allowed_company_ids": companies.ids})
        return env["mfg.suite.exception"].search(list(domain))

    # -- faults ------------------------------------------------------------------------

    def _dead_letter(self, plant=None, name="Pump"):
        plant = plant or self.company
        self._emit(record=self._record(name, plant), user=self._worker(plant))
        return self._bury()

    def _worker(self, plant):
        """Somebody in a plant whose work sets off messages."""
        return self.person if plant == self.company else self.stranger

    def _lot(self, plant, name="LOT-1", quantity=10):
        part = self.part[plant]
        lot = self.env["stock.lot"].create(
            {"name": name, "product_id": part.id, "company_id": plant.id}
        )
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", plant.id)])
        self.env["stock.quant"].with_company(plant)._update_available_quantity(
            part, warehouse[0].lot_stock_id, quantity, lot_id=lot
        )
        return lot

    def _hold(self, plant=None, name="LOT-1", late=True, by=None, quantity=None):
        """A hold, its decision overdue since yesterday."""
        plant = plant or self.company
        env = self.env(
            user=(by or self._worker(plant)).id,
            context={"allowed_company_ids": plant.ids},
        )
        lot = self._lot(plant, name).with_env(env)
        hold = env["mfg.quality.hold"].place(lot, "SUSPECT", quantity)
        if late:
            self.env.flush_all()
            self.env.cr.execute(
                f"UPDATE mfg_quality_hold SET deadline = {NOW} - interval '1 day'"
                " WHERE id = %s",
                [hold.id],
            )
            self.env.invalidate_all()
        return hold

    def _propose(self, hold, by=None):
        """A decision to release what a hold keeps, put forward."""
        env = self.env(
            user=(by or self._worker(hold.company_id)).id,
            context={"allowed_company_ids": hold.company_id.ids},
        )
        disposition = env["mfg.quality.disposition"].create(
            {
                "hold_id": hold.id,
                "kind": "release",
                "line_ids": [
                    Command.create({"hold_line_id": line.id, "quantity": line.qty_open})
                    for line in hold.line_ids
                ],
            }
        )
        disposition.action_propose()
        return disposition

    def _disagreement(self, seller=None, buyer=None, key="price-1", owners=()):
        """A price that seller and buyer do not agree about."""
        found = self.env["mfg.ic.exception"]._raise(
            "price",
            "The bill says 12.00, the agreement 10.00. Correct the bill.",
            seller=seller or self.company,
            buyer=buyer or self.other_company,
            key=key,
        )
        for side, owner in zip(("seller", "buyer"), owners, strict=False):
            found[f"{side}_owner_id"] = owner
        return found

    def _release(self, plant=None):
        plant = plant or self.company
        return self.env["mfg.release"].create(
            {
                "res_model": "mrp.production",
                "res_id": 1,
                "document_name": "MO/00001",
                "company_id": plant.id,
            }
        )

    def _data_issue(self, plant=None, steward=None):
        plant = plant or self.company
        rules = self.env["mfg.data.rule"].with_context(active_test=False)
        rule = rules.search([], limit=1)
        return self.env["mfg.data.issue"].create(
            {
                "rule_id": rule.id,
                "res_model": "product.product",
                "res_id": self.part[plant].id,
                "record_name": "Housing",
                "message": "No weight",
                "company_id": plant.id,
                "steward_id": steward and steward.id,
            }
        )

    def _capture_gap(self, plant=None, owner=None):
        """A table whose trigger somebody has taken off."""
        return self.env["mfg.audit.alert"].create(
            {
                "kind": "capture_gap",
                "severity": "2",
                "subject": "res_partner",
                "count": 1,
                "company_id": (plant or self.company).id,
                "owner_id": owner and owner.id,
            }
        )

    def _everything(self, plant=None, owner=None):
        """One exception of every kind in a plant."""
        self._dead_letter(plant)
        hold = self._hold(plant)
        hold.action_inspect()
        self._propose(self._hold(plant, "LOT-2", late=False))
        self._release(plant)
        self._data_issue(plant, owner)
        self._capture_gap(plant, owner)
