from odoo import _, api, fields, models

from .mfg_ic_agreement import SIDES


class MfgIcLink(models.Model):
    """A document of one side in a flow.

    The other side reads its number and state as text; there is no relation to follow into
    what it may not see.
    """

    _name = "mfg.ic.link"
    _description = "Document of an Intercompany Flow"
    _order = "flow_id, id"
    _rec_name = "reference"

    flow_id = fields.Many2one(
        "mfg.ic.flow", required=True, readonly=True, index=True, ondelete="cascade"
    )
    side = fields.Selection(SIDES, required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    doc_type = fields.Selection(
        [
            ("invoice", "Customer Invoice"),
            ("bill", "Vendor Bill"),
            ("credit", "Customer Credit Note"),
            ("refund", "Vendor Credit Note"),
        ],
        "Document",
        required=True,
        readonly=True,
    )
    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Integer("Record", required=True, readonly=True)
    source_link_id = fields.Many2one(
        "mfg.ic.link",
        "Follows from",
        readonly=True,
        ondelete="cascade",
        help="The document of the other side that this one is the counterpart of.",
    )
    reference = fields.Char(compute="_compute_document", compute_sudo=False)
    status = fields.Char(compute="_compute_document", compute_sudo=False)
    is_own = fields.Boolean(compute="_compute_is_own", compute_sudo=False)

    _sql_constraints = [
        (
            "document_uniq",
            "unique(res_model, res_id, doc_type)",
            "This document already belongs to an intercompany flow.",
        ),
        (
            "source_uniq",
            "unique(source_link_id, doc_type)",
            "The document of the other side has its counterpart already.",
        ),
    ]

    @api.depends("res_model", "res_id")
    @api.depends_context("uid", "su", "allowed_company_ids")
    def _compute_document(self):
        self.update({"reference": False, "status": False})
        # Exports read computed fields without asking for the record first.
        visible = self._filter_access_rules("read")
        # Both sides know number and state of each other's documents, and no more.
        for model, links in visible.sudo().grouped("res_model").items():
            there = self.env[model].sudo().browse(links.mapped("res_id")).exists()
            for link in links:
                document = there.browse(link.res_id)
                own = self.browse(link.id)
                if document in there:
                    own.reference = self._reference_of(document)
                    own.status = self._status_of(document)
                else:
                    own.status = _("Deleted")

    @api.depends_context("allowed_company_ids")
    def _compute_is_own(self):
        for link in self:
            link.is_own = link.company_id in self.env.companies

    @api.model
    def _of_documents(self, records):
        """Links of documents, with superuser rights."""
        # Documents of both sides follow the flow, whoever writes them.
        return self.sudo().search(
            [("res_model", "=", records._name), ("res_id", "in", records.ids)]
        )

    def _mirror_document(self, env):
        """The counterpart of a document at the other side, in an environment there.

        :return: a record of the same model, empty if there is none
        """
        model = self[:1].res_model or "account.move"
        if not self:
            return env[model]
        # As above.
        mirror = self.sudo().search([("source_link_id", "in", self.ids)], limit=1)
        return env[mirror.res_model or model].browse(mirror.res_id or ()).exists()

    @api.model
    def _reference_of(self, document):
        """The number of a document, and nothing else that its name may hold."""
        return document.name if "name" in document._fields else document.display_name

    @api.model
    def _status_of(self, document):
        """What the other side may know about a document's state.

        Extended for documents that tell it in another field than ``state``.
        """
        if "state" not in document._fields:
            return ""
        labels = dict(document._fields["state"]._description_selection(self.env))
        return labels.get(document.state, "")

    def action_open(self):
        """Open the document, with the user's own rights."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }
