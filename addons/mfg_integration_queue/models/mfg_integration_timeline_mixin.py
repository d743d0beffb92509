from collections import Counter

from lxml import etree

from odoo import _, api, fields, models

_BUTTON = "action_view_mfg_messages"
_VIEWER = "mfg_integration_queue.group_viewer"


class MfgIntegrationTimelineMixin(models.AbstractModel):
    """Puts the message timeline on the form of a document, for integration viewers.

    One line in any module that depends on this one::

        class StockPicking(models.Model):
            _name = "stock.picking"
            _inherit = ["stock.picking", "mfg.integration.timeline.mixin"]
    """

    _name = "mfg.integration.timeline.mixin"
    _description = "Document with a Message Timeline"

    mfg_message_count = fields.Integer(
        string="Messages Exchanged",
        compute="_compute_mfg_message_count",
        groups=_VIEWER,
    )

    def _compute_mfg_message_count(self):
        counts = Counter(self.env["mfg.integration.delivery"]._count_by_record(self))
        counts.update(self.env["mfg.integration.inbox"]._count_by_record(self))
        for record in self:
            record.mfg_message_count = counts[record.id]

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            self._mfg_add_timeline_button(arch)
        return arch, view

    def action_view_mfg_messages(self):
        """Open what was said about this document.

        :return: window action on ``mfg.integration.timeline``
        """
        self.ensure_one()
        timeline = self.env["mfg.integration.timeline"]._for_record(self)
        return {
            "type": "ir.actions.act_window",
            "name": _("Messages of %(document)s", document=self.display_name),
            "res_model": timeline._name,
            "view_mode": "tree",
            "domain": [("id", "in", timeline.ids)],
            "context": {"create": False},
        }

    @api.model
    def _mfg_add_timeline_button(self, arch):
        """Add the smart button to a form that has a place for it."""
        sheet = arch.find(".//sheet")
        boxes = arch.xpath("//div[@name='button_box']")
        if boxes:
            box = boxes[0]
        elif sheet is not None:
            box = etree.Element("div", {"name": "button_box", "class": "oe_button_box"})
            sheet.insert(0, box)
        else:
            return
        button = etree.SubElement(
            box,
            "button",
            {
                "name": _BUTTON,
                "type": "object",
                "class": "oe_stat_button",
                "icon": "fa-exchange",
                "invisible": "not mfg_message_count",
                "groups": _VIEWER,
            },
        )
        etree.SubElement(
            button,
            "field",
            {
                "name": "mfg_message_count",
                "widget": "statinfo",
                "string": _("Messages"),
            },
        )
