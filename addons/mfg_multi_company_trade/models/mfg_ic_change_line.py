from odoo import _, fields, models
from odoo.exceptions import UserError


class MfgIcChangeLine(models.Model):
    """One item of a change: what shall hold."""

    _name = "mfg.ic.change.line"
    _description = "Item of an Intercompany Change"
    _order = "id"
    _rec_name = "label"

    change_id = fields.Many2one(
        "mfg.ic.change", required=True, index=True, ondelete="cascade"
    )
    flow_line_id = fields.Many2one(
        "mfg.ic.flow.line", "Item", required=True, ondelete="cascade"
    )
    label = fields.Char(related="flow_line_id.label", related_sudo=False)
    currency_id = fields.Many2one(related="flow_line_id.currency_id")
    price_now = fields.Float(
        related="flow_line_id.price_seller", string="Price", digits="Product Price"
    )
    quantity = fields.Float(
        "New Quantity",
        digits="Product Unit of Measure",
        help="In the unit of the buyer's order.",
    )
    price = fields.Float(
        "New Price", digits="Product Price", help="Per unit of the seller's order."
    )

    _sql_constraints = [
        (
            "not_negative",
            "CHECK (quantity >= 0 AND price >= 0)",
            "New Quantity and New Price must not be below zero.",
        ),
    ]

    def write(self, vals):
        if any(line.change_id.state != "draft" for line in self):
            raise UserError(
                _("The other side was asked already. Withdraw the change first.")
            )
        return super().write(vals)
