from odoo import Command, _, api, fields, models
from odoo.exceptions import UserError


class MfgQualityComplaint(models.TransientModel):
    """A customer complains about goods: what is left of their lots is held, and who else
    is about to get or has got some of it is shown before."""

    _name = "mfg.quality.complaint"
    _description = "Customer Complaint"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one("res.partner", "Customer", required=True)
    reference = fields.Char("Customer's Reference")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        domain="[('tracking', '!=', 'none'), ('company_id', 'in', (False, company_id))]",
    )
    delivered_lot_ids = fields.Many2many(
        "stock.lot",
        "mfg_quality_complaint_delivered_lot_rel",
        compute="_compute_delivered_lot_ids",
        string="Delivered to the Customer",
    )
    lot_ids = fields.Many2many(
        "stock.lot",
        string="Lots/Serials",
        required=True,
        domain="[('product_id', '=', product_id), ('company_id', '=', company_id)]",
    )
    reason_id = fields.Many2one(
        "mfg.quality.hold.reason",
        required=True,
        domain="[('company_id', 'in', (False, company_id))]",
        default=lambda self: self.env.ref(
            "mfg_quality_hold.reason_complaint", raise_if_not_found=False
        ),
    )
    note = fields.Text("What the customer says", required=True)
    is_traced = fields.Boolean("Trace Where It Went", default=True)
    picking_ids = fields.Many2many(
        "stock.picking", compute="_compute_open_orders", string="Open Transfers"
    )
    production_ids = fields.Many2many(
        "mrp.production", compute="_compute_open_orders", string="Open Orders"
    )

    @api.depends("partner_id", "product_id")
    def _compute_delivered_lot_ids(self):
        for wizard in self:
            partners = wizard.partner_id.commercial_partner_id
            lines = self.env["stock.move.line"].search(
                [
                    ("state", "=", "done"),
                    ("location_dest_id.usage", "=", "customer"),
                    ("product_id", "=", wizard.product_id.id),
                    ("company_id", "=", wizard.company_id.id),
                    ("picking_id.partner_id", "child_of", partners.ids),
                ]
            )
            wizard.delivered_lot_ids = lines.lot_id if wizard.product_id else False

    @api.depends("lot_ids")
    def _compute_open_orders(self):
        for wizard in self:
            lines = self.env["stock.move.line"].search(
                [
                    ("lot_id", "in", wizard.lot_ids.ids),
                    ("state", "not in", ("done", "cancel")),
                ]
            )
            wizard.picking_ids = lines.picking_id
            wizard.production_ids = lines.move_id.raw_material_production_id

    @api.onchange("product_id", "partner_id")
    def _onchange_product_id(self):
        """Propose the lots of the product that the customer got."""
        self.lot_ids = self.delivered_lot_ids

    def action_place(self):
        """Place the lots on hold and follow them.

        :return: the action that shows the trace, or the hold
        :raises UserError: no lot, or a lot of another product
        """
        self.ensure_one()
        if not self.lot_ids:
            raise UserError(_("Choose the lots that the customer complains about."))
        if self.lot_ids.product_id != self.product_id:
            raise UserError(
                _(
                    "All lots must be of %(product)s.",
                    product=self.product_id.display_name,
                )
            )
        touched = self._touched_orders()
        hold = self.env["mfg.quality.hold"].place(
            self.lot_ids,
            self.reason_id.code,
            note=self.note,
            origin="complaint",
            origin_ref=self.reference,
            partner_id=self.partner_id.id,
        )
        if touched:
            hold.message_post(
                body=_(
                    "Open orders that were to take from it: %(orders)s.",
                    orders=", ".join(touched),
                )
            )
        if not self.is_traced:
            return {
                "type": "ir.actions.act_window",
                "res_model": hold._name,
                "res_id": hold.id,
                "view_mode": "form",
            }
        trace = self.env["mfg.quality.trace"].create(
            {
                "company_id": hold.company_id.id,
                "hold_id": hold.id,
                "lot_ids": [Command.set(self.lot_ids.ids)],
            }
        )
        return trace.action_run()

    def _touched_orders(self):
        """Names of the open documents that take from the lots."""
        names = [
            f"{picking.name} ({picking.origin or picking.partner_id.name or '-'})"
            for picking in self.picking_ids
        ]
        return names + self.production_ids.mapped("name")
