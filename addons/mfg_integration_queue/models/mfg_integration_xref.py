from odoo import _, api, fields, models
from odoo.exceptions import AccessError, ValidationError


class MfgIntegrationXref(models.Model):
    """What another system calls one of our records."""

    _name = "mfg.integration.xref"
    _description = "Integration Cross Reference"
    _order = "system_id, model, external_id"
    _rec_name = "external_id"

    system_id = fields.Many2one(
        "mfg.integration.system", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="system_id.company_id", store=True, precompute=True, index=True
    )
    model_id = fields.Many2one(
        "ir.model",
        string="Kind",
        required=True,
        ondelete="cascade",
        domain=[("transient", "=", False)],
    )
    model = fields.Char(related="model_id.model", store=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="model", required=True
    )
    res_name = fields.Char(string="Our Name", compute="_compute_res_name")
    external_id = fields.Char(
        string="Their Name", required=True, help="Id or code in the other system."
    )
    is_primary = fields.Boolean(
        string="Send This One",
        default=True,
        help="A record may have several names over there, such as old item numbers. "
        "Messages bear this one; all of them are understood.",
    )

    _sql_constraints = [
        (
            "external_uniq",
            "unique(system_id, model, external_id)",
            "This system already has a record of this kind under that name.",
        ),
        (
            "primary_once",
            "EXCLUDE USING btree (system_id WITH =, model WITH =, res_id WITH =) "
            "WHERE (is_primary)",
            "A record has one name that is sent to a system. Keep “Send This One” at one "
            "of its names.",
        ),
    ]

    @api.depends("model", "res_id")
    def _compute_res_name(self):
        for model, xrefs in self.grouped("model").items():
            records = self.env[model].browse(xrefs.mapped("res_id")).exists()
            try:
                names = {record.id: record.display_name for record in records}
            except AccessError:
                names = {}
            for xref in xrefs:
                xref.res_name = names.get(xref.res_id, f"{model},{xref.res_id}")

    @api.constrains("model_id", "res_id", "system_id")
    def _check_record(self):
        for model, xrefs in self.grouped("model").items():
            if model not in self.env or self.env[model]._abstract:
                raise ValidationError(
                    _("Records of kind %(kind)s have no names.", kind=model)
                )
            records = self.env[model].browse(xrefs.mapped("res_id"))
            existing = records.exists()
            # sudo: the company of a record is all that is compared
            owners = {
                record.id: "company_id" in record and record.company_id
                for record in existing.sudo()
            }
            for xref in xrefs:
                if xref.res_id not in owners:
                    raise ValidationError(
                        _(
                            "“%(name)s” refers to %(kind)s %(id)s, which does not exist.",
                            name=xref.external_id,
                            kind=xref.model_id.name,
                            id=xref.res_id,
                        )
                    )
                owner = owners[xref.res_id]
                if owner and owner != xref.company_id:
                    raise ValidationError(
                        _(
                            "%(record)s belongs to %(owner)s, system %(system)s to "
                            "%(company)s.",
                            record=xref.res_name,
                            owner=owner.name,
                            system=xref.system_id.name,
                            company=xref.company_id.name,
                        )
                    )

    @api.constrains("system_id", "model_id", "res_id", "is_primary")
    def _check_one_primary(self):
        groups = self.read_group(
            [
                ("system_id", "in", self.system_id.ids),
                ("res_id", "in", self.mapped("res_id")),
                ("is_primary", "=", True),
            ],
            [],
            ["system_id", "model_id", "res_id"],
            lazy=False,
        )
        for group in groups:
            if group["__count"] > 1:
                first = self.search(group["__domain"], order="id", limit=1)
                raise ValidationError(
                    _(
                        "%(record)s has two names to send to %(system)s. Keep “Send This "
                        "One” at one of them.",
                        record=first.res_name,
                        system=first.system_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Names are kept without blanks around them."""
        for vals in vals_list:
            self._strip(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Names are kept without blanks around them."""
        self._strip(vals)
        return super().write(vals)

    @api.model
    def _strip(self, vals):
        if vals.get("external_id"):
            vals["external_id"] = vals["external_id"].strip()
