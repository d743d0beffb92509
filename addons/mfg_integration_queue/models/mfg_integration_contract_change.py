import hashlib

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext

#: characters of a value that the log shows; longer ones are told by their hash
MAX_SHOWN = 120


class MfgIntegrationContractChange(models.Model):
    """Who changed what about a contract, and when. Written once, kept for good."""

    _name = "mfg.integration.contract.change"
    _description = "Integration Contract Change"
    _order = "id desc"
    _rec_name = "description"

    interface_id = fields.Many2one(
        "mfg.integration.interface",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    version_id = fields.Many2one(
        "mfg.integration.interface.version",
        string="Contract",
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="interface_id.company_id", store=True, precompute=True
    )
    kind = fields.Selection(
        [
            ("created", "Created"),
            ("edited", "Contract edited"),
            ("card", "Card edited"),
            ("review", "Submitted for review"),
            ("draft", "Back to draft"),
            ("approved", "Approved"),
            ("deprecated", "Deprecated"),
            ("retired", "Retired"),
        ],
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one(
        "res.users", string="Who", required=True, readonly=True, index=True
    )
    changed_at = fields.Datetime(string="When", required=True, readonly=True)
    description = fields.Text(string="What", readonly=True)

    def write(self, vals):  # pylint: disable=method-required-super
        """What happened stays as it is."""
        raise UserError(_("The change log is a record of what happened."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(_("The change log is a record of what happened."))

    @api.model
    def _note(self, records, kind, description=None):
        """Write down a change of interfaces or of versions by the current user."""
        versions = records._name == "mfg.integration.interface.version"
        # sudo: whoever may change a contract leaves a trace, nobody writes it by hand
        self.sudo().create(
            [
                {
                    "interface_id": (record.interface_id if versions else record).id,
                    "version_id": versions and record.id,
                    "kind": kind,
                    "user_id": self.env.uid,
                    "changed_at": fields.Datetime.now(),
                    "description": description,
                }
                for record in records
            ]
        )

    @api.model
    def _values_of(self, records, names):
        """Return record id → {field name: value in words}, to compare before and after."""
        return {
            record.id: {name: self._in_words(record, name) for name in names}
            for record in records
        }

    @api.model
    def _note_differences(self, records, before, kind):
        """Write down which of the values of :meth:`_values_of` changed."""
        for record in records:
            old = before[record.id]
            new = self._values_of(record, old)[record.id]
            lines = [
                _(
                    "%(field)s: %(before)s → %(after)s",
                    field=record._fields[name]._description_string(self.env),
                    before=old[name] or _("empty"),
                    after=new[name] or _("empty"),
                )
                for name in old
                if old[name] != new[name]
            ]
            if lines:
                self._note(record, kind, "\n".join(lines))

    @api.model
    def _in_words(self, record, name):
        field = record._fields[name]
        value = record[name]
        if field.relational:
            return ", ".join(value.mapped("display_name"))
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value)
        if field.type == "html":
            value = html2plaintext(value or "")
        text = str(value) if value not in (False, None) else ""
        if len(text) > MAX_SHOWN:
            digest = hashlib.sha256(text.encode()).hexdigest()[:12]
            return _(
                "%(size)s characters (SHA-256 %(digest)s…)",
                size=len(text),
                digest=digest,
            )
        return text
