from odoo import fields, models
from odoo.osv import expression


class ResPartner(models.Model):
    _inherit = "res.partner"

    quality_hold_count = fields.Integer(
        "Quality Holds",
        compute="_compute_quality_hold_count",
        groups="mfg_quality_hold.group_place",
        help="Holds on what the vendor delivered, open and closed.",
    )

    def _compute_quality_hold_count(self):
        for partner in self:
            partner.quality_hold_count = len(partner._quality_holds())

    def action_view_quality_holds(self):
        """Show the holds on what the vendor delivered, open ones first.

        :raises AccessError: the user may not look at quality holds
        """
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mfg_quality_hold.mfg_quality_hold_action"
        )
        return dict(
            action,
            domain=[("id", "in", self._quality_holds().ids)],
            context={"create": False},
        )

    def _quality_holds(self):
        """Holds of lots and receipts of the vendor, or placed by a rule for the vendor."""
        self.ensure_one()
        vendor = self.commercial_partner_id
        # Approvers need no right on transfers; whether they see a hold is asked below.
        lines = self.env["mfg.quality.hold.line"].sudo()
        places = self.env["stock.location"]
        held = [lot.id for (lot,) in lines._read_group([], ["lot_id"])]
        received = lines.env["stock.move.line"]._read_group(
            [
                ("state", "=", "done"),
                *expression.OR(
                    places._quality_from_vendors(company)
                    for company in self.env.companies
                ),
                ("lot_id", "in", held),
                ("picking_id.partner_id", "child_of", vendor.ids),
            ],
            ["lot_id"],
        )
        groups = lines._read_group(
            [
                "|",
                ("lot_id", "in", [lot.id for (lot,) in received if lot]),
                ("picking_id.partner_id", "child_of", vendor.ids),
            ],
            ["hold_id"],
        )
        return self.env["mfg.quality.hold"].search(
            [
                "|",
                ("id", "in", [hold.id for (hold,) in groups]),
                ("rule_id.vendor_id", "child_of", vendor.ids),
            ]
        )
