from decimal import Decimal

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class MfgIntegrationValueMapLine(models.Model):
    """One of our values and what the other side calls it."""

    _name = "mfg.integration.value.map.line"
    _description = "Integration Value Map Entry"
    _order = "map_id, internal_value, system_id, id"
    _rec_name = "internal_value"

    map_id = fields.Many2one(
        "mfg.integration.value.map", required=True, ondelete="cascade", index=True
    )
    kind = fields.Selection(related="map_id.kind")
    direction = fields.Selection(related="map_id.direction", store=True)
    company_id = fields.Many2one(
        related="map_id.company_id", store=True, precompute=True
    )
    system_id = fields.Many2one(
        "mfg.integration.system",
        string="Only for",
        ondelete="cascade",
        index=True,
        help="Empty: for every system that has no entry of its own.",
    )
    internal_value = fields.Char(string="Ours", required=True)
    external_value = fields.Char(string="Theirs", required=True)
    factor = fields.Float(
        digits=(16, 9),
        required=True,
        default=1.0,
        help="How many of their unit make one of ours: 1000 for t and kg.",
    )

    # Exclusions rather than unique indexes: those of one way only do not count, and Odoo
    # knows their wording when two people enter the same value at the same moment.
    _sql_constraints = [
        ("factor_positive", "CHECK(factor > 0)", "The factor must be above zero."),
        (
            "internal_once",
            "EXCLUDE USING btree (map_id WITH =, COALESCE(system_id, 0) WITH =, "
            "internal_value WITH =) WHERE (direction <> 'inbound')",
            "One of our values stands twice in the value map. Remove one of the entries.",
        ),
        (
            "external_once",
            "EXCLUDE USING btree (map_id WITH =, COALESCE(system_id, 0) WITH =, "
            "external_value WITH =) WHERE (direction <> 'outbound')",
            "One of their values stands twice in the value map. Remove one of the entries.",
        ),
    ]

    @api.constrains(
        "map_id", "direction", "system_id", "internal_value", "external_value"
    )
    def _check_unambiguous(self):
        for value_map in self.map_id:
            for side, other_way in (
                ("internal_value", "inbound"),
                ("external_value", "outbound"),
            ):
                if value_map.direction == other_way:
                    continue
                seen = set()
                for line in value_map.line_ids:
                    entry = line.system_id.id, line[side]
                    if entry in seen:
                        raise ValidationError(
                            _(
                                "“%(value)s” stands twice in value map %(map)s, so its "
                                "translation is not clear. Remove one of the entries.",
                                value=line[side],
                                map=value_map.name,
                            )
                        )
                    seen.add(entry)

    @api.model_create_multi
    def create(self, vals_list):
        """Tell the workers, and the map's followers."""
        for vals in vals_list:
            self._strip(vals)
        lines = super().create(vals_list)
        lines._changed(_("Added"))
        return lines

    def write(self, vals):
        """Tell the workers, and the map's followers."""
        self._strip(vals)
        res = super().write(vals)
        self._changed(_("Changed"))
        return res

    def unlink(self):
        """Tell the workers, and the map's followers."""
        self._changed(_("Removed"))
        return super().unlink()

    def _conversion(self, direction):
        """Return what a quantity is multiplied with, exact as far as it is written."""
        factor = Decimal(str(round(self.factor, 9)))
        return factor if direction == "outbound" else 1 / factor

    @api.model
    def _strip(self, vals):
        for name in ("internal_value", "external_value"):
            if vals.get(name):
                vals[name] = vals[name].strip()

    def _changed(self, verb):
        for value_map, lines in self.grouped("map_id").items():
            entries = ", ".join(
                f"{line.internal_value} = {line.external_value}" for line in lines[:20]
            )
            # sudo: whoever may change an entry leaves a note on its map
            value_map.sudo()._message_log(
                body=_(
                    "%(verb)s %(count)s: %(entries)s",
                    verb=verb,
                    count=len(lines),
                    entries=entries,
                )
            )
        self.env["mfg.integration.endpoint"]._settings_changed()
