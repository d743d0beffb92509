from odoo import fields, models

from ..messages import shipment_confirmed


class StockPicking(models.Model):
    _name = "stock.picking"
    _inherit = [
        "stock.picking",
        "mfg.integration.timeline.mixin",
        "mfg.integration.told.mixin",
    ]

    _mfg_messages = {"shipment.confirmed": shipment_confirmed.build}

    mfg_delivery_note = fields.Char(
        string="Delivery Note",
        copy=False,
        help="Number of the vendor's delivery note. A ship notice with this number that "
        "comes later changes nothing.",
    )
