from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..engine.mapping import UnitStep, ValueStep


class MfgIntegrationValueMap(models.Model):
    """Which of our values is which of theirs: payment terms, units, states."""

    _name = "mfg.integration.value.map"
    _description = "Integration Value Map"
    _inherit = ["mail.thread"]
    _order = "name"

    name = fields.Char(
        required=True,
        tracking=True,
        translate=True,
        help="Messages without a translation are reported under this name.",
    )
    kind = fields.Selection(
        [("value", "Values"), ("unit", "Units of measure, with conversion")],
        required=True,
        default="value",
    )
    direction = fields.Selection(
        [
            ("both", "Both ways"),
            ("outbound", "Outbound only"),
            ("inbound", "Inbound only"),
        ],
        required=True,
        default="both",
        tracking=True,
        help="Both ways: one of ours for one of theirs. One way only: several values may "
        "become the same.",
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        tracking=True,
        help="Empty: every company may use the map.",
    )
    note = fields.Text()
    active = fields.Boolean(default=True)
    line_ids = fields.One2many("mfg.integration.value.map.line", "map_id")
    line_count = fields.Integer(string="Entries", compute="_compute_line_count")

    @api.depends("line_ids")
    def _compute_line_count(self):
        for value_map in self:
            value_map.line_count = len(value_map.line_ids)

    def write(self, vals):
        """Tell the workers."""
        res = super().write(vals)
        if "direction" in vals:
            self.line_ids._check_unambiguous()
        if {"name", "kind", "direction"} & vals.keys():
            self.env["mfg.integration.endpoint"]._settings_changed()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        # sudo: a contract of a company the user does not see uses the map, too
        line = (
            self.env["mfg.integration.mapping.line"]
            .sudo()
            .search([("value_map_id", "in", self.ids)], limit=1)
        )
        if line:
            raise UserError(
                _(
                    "Contract %(version)s uses value map %(map)s. Archive the map instead.",
                    version=line.version_id.display_name,
                    map=line.value_map_id.name,
                )
            )

    def action_open_lines(self):
        """Open the entries of this map in a list of their own."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_integration_queue.mfg_integration_value_map_line_action"
        )
        action["domain"] = [("map_id", "=", self.id)]
        action["context"] = {"default_map_id": self.id}
        return action

    def _step(self, path, quantity, system, direction):
        """Return the step of a mapping plan that translates by this map.

        Entries of the system come before those for every system.

        :param path: parsed path of the value
        :param quantity: name of the number beside a unit
        :param direction: ``outbound`` or ``inbound``
        """
        self.ensure_one()
        entries = {}
        lines = self.line_ids.filtered(
            lambda each: not each.system_id or each.system_id == system
        )
        for line in lines.sorted(lambda each: bool(each.system_id)):
            if direction == "outbound":
                entries[line.internal_value] = (line.external_value, line)
            else:
                entries[line.external_value] = (line.internal_value, line)
        if self.kind == "unit":
            units = {
                value: (translation, line._conversion(direction))
                for value, (translation, line) in entries.items()
            }
            return UnitStep(self.name, path, quantity, units)
        values = {value: entry[0] for value, entry in entries.items()}
        return ValueStep(self.name, path, values)
