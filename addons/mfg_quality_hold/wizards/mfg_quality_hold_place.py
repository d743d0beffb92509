from odoo import _, api, fields, models
from odoo.exceptions import UserError


class MfgQualityHoldPlace(models.TransientModel):
    _name = "mfg.quality.hold.place"
    _description = "Place on Quality Hold"

    res_model = fields.Char(required=True, readonly=True)
    res_ids = fields.Json(required=True, readonly=True)
    what = fields.Char(compute="_compute_what")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    reason_id = fields.Many2one(
        "mfg.quality.hold.reason",
        required=True,
        domain="[('company_id', 'in', (False, company_id))]",
    )
    can_be_partial = fields.Boolean(compute="_compute_what")
    is_partial = fields.Boolean("Only a Part of It")
    quantity = fields.Float(digits="Product Unit of Measure")
    product_uom_id = fields.Many2one("uom.uom", compute="_compute_what")
    uom_id = fields.Many2one(
        "uom.uom",
        "Unit",
        compute="_compute_uom_id",
        store=True,
        readonly=False,
        domain="[('category_id', '=', product_uom_category_id)]",
    )
    product_uom_category_id = fields.Many2one(related="product_uom_id.category_id")
    note = fields.Text("What is suspected")

    @api.depends("res_model", "res_ids")
    def _compute_what(self):
        for wizard in self:
            records = wizard._records()
            names = records[:3].mapped("display_name")
            if len(records) > 3:
                names.append(_("and %(count)s more", count=len(records) - 3))
            wizard.what = ", ".join(names)
            wizard.can_be_partial = len(records) == 1 and records._name in (
                "stock.lot",
                "stock.quant",
            )
            wizard.product_uom_id = (
                records.product_id.uom_id if wizard.can_be_partial else False
            )

    @api.depends("product_uom_id")
    def _compute_uom_id(self):
        for wizard in self:
            wizard.uom_id = wizard.product_uom_id

    def _records(self):
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_ids)

    @api.model
    def _action_for(self, records):
        """The action that opens the dialog for some records."""
        return {
            "type": "ir.actions.act_window",
            "name": _("Place on Hold"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_res_model": records._name,
                "default_res_ids": records.ids,
            },
        }

    def action_place(self):
        """Place the hold and show it.

        :raises UserError: a unit of another category, or more than there is
        """
        self.ensure_one()
        quantity = None
        if self.is_partial and self.can_be_partial:
            if self.uom_id.category_id != self.product_uom_id.category_id:
                raise UserError(
                    _(
                        "%(what)s is counted in %(product_unit)s, which %(unit)s cannot be "
                        "converted into. Choose a unit of the same category.",
                        what=self.what,
                        unit=self.uom_id.name,
                        product_unit=self.product_uom_id.name,
                    )
                )
            quantity = self.uom_id._compute_quantity(self.quantity, self.product_uom_id)
        if not self.reason_id.active:
            raise UserError(
                _(
                    "Reason %(reason)s is closed. Choose another.",
                    reason=self.reason_id.name,
                )
            )
        hold = self.env["mfg.quality.hold"].place(
            self._records(), self.reason_id.code, quantity=quantity, note=self.note
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": hold._name,
            "res_id": hold.id,
            "view_mode": "form",
        }
