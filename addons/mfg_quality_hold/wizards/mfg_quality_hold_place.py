from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

# What a scanner may read: by which field a label names the records of each model.
LABELS = {
    "stock.lot": "name",
    "stock.quant.package": "name",
    "stock.location": "barcode",
    "stock.picking": "name",
    "mrp.production": "name",
    "mrp.workorder": "barcode",
}


class MfgQualityHoldPlace(models.TransientModel):
    _name = "mfg.quality.hold.place"
    _description = "Place on Quality Hold"
    _inherit = "barcodes.barcode_events_mixin"

    res_model = fields.Char()
    res_ids = fields.Json()
    scanned = fields.Char(
        "Scan",
        store=False,
        help="Label of a lot or serial number, package, location, transfer, manufacturing "
        "or work order.",
    )
    lot_id = fields.Many2one("stock.lot", "Or Choose a Lot", store=False)
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

    @api.onchange("scanned")
    def _onchange_scanned(self):
        code, self.scanned = self.scanned, False
        return self.on_barcode_scanned(code) if code else None

    @api.onchange("lot_id")
    def _onchange_lot_id(self):
        lot, self.lot_id = self.lot_id._origin, False
        if lot:
            self._choose(lot)

    def on_barcode_scanned(self, barcode):
        """Add what the label names to what is placed on hold.

        :param str barcode: what the scanner read
        :return: a warning for the web client, when the label names nothing, or too much
        """
        code = barcode.strip()
        found = self._find_labelled(code)
        if len(found) == 1:
            self._choose(found)
            return None
        if found:
            message = _(
                "%(code)s names all of these: %(names)s. Scan the whole label, or open the "
                "right one and place it on hold there.",
                code=code,
                names=", ".join(
                    f"{record.display_name} ({record.product_id.display_name})"
                    if "product_id" in record
                    else record.display_name
                    for record in found
                ),
            )
        else:
            message = _(
                "No lot or serial number, package, location, transfer, manufacturing or "
                "work order of yours bears the label %(code)s. Scan another label of it, "
                "or look it up and place it on hold there.",
                code=code,
            )
        return {"warning": {"title": _("Nothing Chosen"), "message": message}}

    @api.model
    def _find_labelled(self, code):
        """Records of one model that a label names, as far as the user may read them."""
        for model, field in LABELS.items():
            records = self.env[model]
            if records.check_access_rights("read", raise_exception=False):
                found = records.search([(field, "=", code)])
                if found:
                    return found
        return self._find_gs1_lots(code)

    @api.model
    def _find_gs1_lots(self, code):
        """Lots that a GS1 label names, by its lot or serial number and its GTIN."""
        lots = self.env["stock.lot"]
        nomenclature = self.env.company.nomenclature_id
        if not nomenclature.is_gs1_nomenclature:
            return lots
        try:
            parts = nomenclature.parse_barcode(code) or []
        except (ValidationError, ValueError):  # a number or a date in it is wrong
            return lots
        values = {part["rule"].type: part["value"] for part in parts}
        if not values.get("lot"):
            return lots
        domain = [("name", "=", values["lot"])]
        if values.get("product"):
            # A GTIN has 14 digits on the label, often fewer on the product.
            digits = values["product"].lstrip("0")
            numbers = [digits.zfill(length) for length in range(len(digits), 15)]
            domain.append(("product_id.barcode", "in", numbers))
        return lots.search(domain)

    def _choose(self, records):
        """Place these records on hold, too; those of another model instead."""
        chosen = self._records()
        if chosen._name == records._name:
            records |= chosen
        self.res_model, self.res_ids = records._name, records.ids

    def _records(self):
        """What is to be placed on hold; nothing at all before the first scan."""
        self.ensure_one()
        if not self.res_model:
            return self.browse()
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
        if not self.res_ids:
            raise UserError(_("Scan or choose what to place on hold."))
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
