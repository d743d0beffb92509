from odoo import _, api, fields, models
from odoo.exceptions import AccessError

from ..engine.ledger import ledger
from ..engine.values import from_json


class MfgDataOverride(models.Model):
    """A company deviates from the group in one value, for a while."""

    _name = "mfg.data.override"
    _description = "Deviation from a Data Policy"
    _order = "date_to, id"
    _rec_name = "record_name"

    request_id = fields.Many2one(
        "mfg.change.request", required=True, readonly=True, ondelete="restrict"
    )
    policy_id = fields.Many2one(
        "mfg.data.policy", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record", model_field="res_model", required=True, readonly=True
    )
    record_name = fields.Char("Of", readonly=True)
    field_id = fields.Many2one(
        "ir.model.fields", required=True, readonly=True, ondelete="cascade"
    )
    value = fields.Char(readonly=True)
    value_before = fields.Json(readonly=True, help="What the value returns to.")
    reason_code = fields.Selection(related="request_id.reason_code", store=True)
    date_to = fields.Date("Until", required=True, readonly=True)
    state = fields.Selection(
        [("active", "Active"), ("ended", "Ended")],
        required=True,
        default="active",
        readonly=True,
    )

    def init(self):
        self.env.cr.execute(
            """
            CREATE UNIQUE INDEX IF NOT EXISTS mfg_data_override_active_uniq
                ON mfg_data_override (res_model, res_id, field_id, company_id)
             WHERE state = 'active'
            """
        )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_decided()
        return super().create(vals_list)

    def write(self, vals):
        self._check_decided()
        return super().write(vals)

    def _check_decided(self):
        """:raises AccessError: not on behalf of an approved change request"""
        if not ledger(self.env.cr).applying:
            raise AccessError(_("Deviations come from approved change requests only."))

    @api.model
    def _active_of(self, records, names):
        """{(record id, field name, company id)} of the deviations in force."""
        # Of all companies: the group's value must not overwrite any of them.
        rows = self.sudo().search(
            [
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("field_id.name", "in", names),
                ("state", "=", "active"),
            ]
        )
        return {(row.res_id, row.field_id.name, row.company_id.id) for row in rows}

    def action_end(self):
        """Return to the value of the group now.

        :raises AccessError: the user has no right as a steward
        """
        self.check_access_rights("read")
        self.check_access_rule("read")
        if not self.env.user.has_group("mfg_multi_company.group_steward"):
            raise AccessError(
                _("Ending a deviation needs the right Plants and Companies: Steward.")
            )
        self._end()

    @api.model
    def _cron_end_expired(self):
        """End what is over."""
        today = fields.Date.context_today(self)
        self.search([("state", "=", "active"), ("date_to", "<", today)])._end()

    def _end(self):
        for override in self:
            with ledger(self.env.cr).applying_decision():
                # Whoever ends a deviation may not be able to write the record.
                row = override.sudo()
                record = self.env[row.res_model].sudo().browse(row.res_id).exists()
                name = row.field_id.name
                record = record.with_company(row.company_id).with_context(
                    allowed_company_ids=row.company_id.ids
                )
                if record:
                    value = row.value_before
                    if record._fields[name].company_dependent:
                        group = record.with_company(row.policy_id.reference_company_id)
                        value = group._fields[name].convert_to_write(group[name], group)
                        record.write({name: value})
                    else:
                        record.write({name: from_json(record, name, value)})
                row.write({"state": "ended"})
