from odoo import _, models
from odoo.exceptions import UserError

from ..messages.partner_published import ROLES


class MfgIntegrationHandlerPartnerChanged(models.AbstractModel):
    """A vendor or customer of the system of record."""

    _name = "mfg.integration.handler.partner.changed"
    _inherit = "mfg.integration.handler.master"
    _description = "Handler of partner.changed"
    _message_type = "partner.changed"

    _kind = "partner"
    _code_field = "ref"
    _plain = {
        name: name
        for name in (
            "name",
            "vat",
            "street",
            "street2",
            "zip",
            "city",
            "email",
            "phone",
            "active",
        )
    }

    def _records(self):
        return self.env["res.partner"].with_context(lang=None)

    def _values(self, payload, record, message):
        values = super()._values(payload, record, message)
        if not record:
            values["is_company"] = True
        if "country" in payload:
            values["country_id"] = self._country(payload["country"]).id
        for role in payload.get("roles", ()):
            field = ROLES[role]
            # How often a partner had a role is Odoo's own count.
            if not record[field]:
                values[field] = 1
        return values

    def _country(self, code):
        country = self.env["res.country"]
        if not code:
            return country
        country = country.search([("code", "=", code)], limit=1)
        if not country:
            raise UserError(_("Country “%(code)s” is not known.", code=code))
        return country

    def _check_changes(self, record, changes):
        # A company's own address or a user's is nobody else's to change.
        # sudo: whether there is a user or company decides; none of it is told
        partner = record.sudo().with_context(active_test=False)
        if partner.user_ids or self.env["res.company"].sudo().search_count(
            [("partner_id", "=", partner.id)], limit=1
        ):
            raise UserError(
                _(
                    "%(partner)s is a company or a user of this database, which no message "
                    "may change. Correct the reference, or change it by hand.",
                    partner=record.display_name,
                )
            )
