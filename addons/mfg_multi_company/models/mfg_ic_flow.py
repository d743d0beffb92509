from odoo import api, fields, models

STATES = [
    ("requested", "Requested"),
    ("ordered", "Ordered"),
    ("confirmed", "Confirmed"),
    ("part_shipped", "Shipped in Part"),
    ("shipped", "In Transit"),
    ("part_received", "Received in Part"),
    ("received", "Received"),
    ("invoiced", "Invoiced"),
    ("billed", "Billed"),
    ("matched", "Matched"),
    ("settled", "Settled"),
    ("cancelled", "Cancelled"),
]


class MfgIcFlow(models.Model):
    """One deal between two companies, with the documents of both."""

    _name = "mfg.ic.flow"
    _description = "Intercompany Flow"
    _inherit = ["mail.thread"]
    _mail_post_access = "read"
    _order = "id desc"

    name = fields.Char(required=True, readonly=True, index="trigram")
    agreement_id = fields.Many2one(
        "mfg.ic.agreement",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    seller_company_id = fields.Many2one(
        "res.company", "Seller", required=True, readonly=True, index=True
    )
    buyer_company_id = fields.Many2one(
        "res.company", "Buyer", required=True, readonly=True, index=True
    )
    date = fields.Date(readonly=True, default=fields.Date.context_today)
    currency_id = fields.Many2one("res.currency", readonly=True)
    # A company in a chain does not see flows between others, so their names stay hidden.
    chain_root_id = fields.Many2one(
        "mfg.ic.flow",
        "First Flow of the Chain",
        readonly=True,
        index=True,
        groups="mfg_multi_company.group_mfg_group_controller",
    )
    parent_flow_id = fields.Many2one(
        "mfg.ic.flow",
        "Follows from",
        readonly=True,
        groups="mfg_multi_company.group_mfg_group_controller",
    )
    state = fields.Selection(
        STATES, required=True, readonly=True, default="requested", index=True
    )
    total_seller = fields.Monetary("Total of the Seller", readonly=True)
    total_buyer = fields.Monetary("Total of the Buyer", readonly=True)
    line_ids = fields.One2many("mfg.ic.flow.line", "flow_id", "Items", readonly=True)
    link_ids = fields.One2many("mfg.ic.link", "flow_id", "Documents", readonly=True)
    milestone_ids = fields.One2many(
        "mfg.ic.milestone", "flow_id", "Timeline", readonly=True
    )
    exception_ids = fields.One2many(
        "mfg.ic.exception", "flow_id", "Exceptions", readonly=True
    )
    exception_count = fields.Integer(
        "Open Exceptions",
        compute="_compute_exception_count",
        search="_search_exceptions",
    )

    @api.depends("exception_ids.state")
    def _compute_exception_count(self):
        counts = dict(
            self.env["mfg.ic.exception"]._read_group(
                [("flow_id", "in", self.ids), ("state", "=", "open")],
                ["flow_id"],
                ["__count"],
            )
        )
        for flow in self:
            flow.exception_count = counts.get(flow, 0)

    def _search_exceptions(self, operator, value):
        troubled = self.env["mfg.ic.exception"].search(
            [("state", "=", "open"), ("flow_id", "!=", False)]
        )
        wanted = (operator == ">" and value == 0) or (operator == "!=" and not value)
        return [("id", "in" if wanted else "not in", troubled.flow_id.ids)]

    # -- documents ---------------------------------------------------------------------

    @api.model
    def _flow_of(self, document, doc_type=None):
        """The flow that a document belongs to.

        :return: ``mfg.ic.flow`` with superuser rights, empty if there is none
        """
        domain = [("res_model", "=", document._name), ("res_id", "=", document.id)]
        if doc_type:
            domain.append(("doc_type", "=", doc_type))
        # Documents of both sides follow the flow, whoever writes them.
        return self.env["mfg.ic.link"].sudo().search(domain, limit=1).flow_id

    @api.model
    def _open(self, agreement, document, doc_type, parent=None, **values):
        """The flow of a document, locked; a new one if it has none.

        Two transactions about one document: the second one waits for the first, and the
        unique index of the links stops whoever gets past that.

        :param agreement: ``mfg.ic.agreement``
        :param document: one record, the first one of the flow
        :param str doc_type: key of ``mfg.ic.link.doc_type``
        :param parent: flow that this one follows from, in a chain
        :param values: more fields of a new flow
        :return: ``mfg.ic.flow`` with superuser rights
        """
        document.flush_recordset()
        self.env.cr.execute(
            f'SELECT id FROM "{document._table}" WHERE id = %s FOR UPDATE',
            [document.id],
        )
        flow = self._flow_of(document, doc_type)
        if flow:
            flow._lock()
            return flow
        # Who writes a document has no right to write flows, and needs none.
        flow = self.sudo().create(
            {
                "name": self.env["ir.sequence"].sudo().next_by_code("mfg.ic.flow"),
                "agreement_id": agreement.id,
                "seller_company_id": agreement.seller_company_id.id,
                "buyer_company_id": agreement.buyer_company_id.id,
                "currency_id": agreement.currency_id.id,
                "parent_flow_id": parent and parent.id,
                "chain_root_id": parent and (parent.chain_root_id or parent).id,
                **values,
            }
        )
        if not flow.chain_root_id:
            flow.chain_root_id = flow
        flow._link(agreement._side_of(document.company_id), document, doc_type)
        return flow

    def _lock(self):
        """Let nobody else work on these flows until the transaction ends."""
        self.env.cr.execute(
            "SELECT id FROM mfg_ic_flow WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
            [self.ids],
        )
        self.invalidate_recordset()

    def _link(self, side, records, doc_type):
        """Note that documents belong to the flow; those that do are left alone.

        :param str side: ``"seller"`` or ``"buyer"``
        :return: ``mfg.ic.link``
        """
        self.ensure_one()
        links = self.env["mfg.ic.link"].sudo()  # as in _open
        known = links.search(
            [
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("doc_type", "=", doc_type),
            ]
        )
        new = set(records.ids) - set(known.mapped("res_id"))
        return known | links.create(
            [
                {
                    "flow_id": self.id,
                    "side": side,
                    "company_id": self[f"{side}_company_id"].id,
                    "res_model": records._name,
                    "res_id": res_id,
                    "doc_type": doc_type,
                }
                for res_id in sorted(new)
            ]
        )

    def _documents(self, doc_type, side=None):
        """Documents of a type, with superuser rights and in the order they were linked."""
        self.ensure_one()
        links = self.sudo().link_ids.filtered(  # as in _open
            lambda link: link.doc_type == doc_type and side in (None, link.side)
        )
        if not links:
            return None
        model = links[0].res_model
        documents = self.env[model].sudo()  # as in _open
        return documents.browse(links.sorted("id").mapped("res_id")).exists()

    def _sum_up(self):
        """Totals of either side from its invoices and bills."""
        moves = self.env["account.move"].sudo()  # as in _open
        for flow in self.sudo():  # as in _open
            totals = {"seller": 0, "buyer": 0}
            for link in flow.link_ids.filtered(
                lambda link: link.res_model == "account.move"
            ):
                move = moves.browse(link.res_id).exists()
                if move.state == "posted":
                    sign = -1 if link.doc_type in ("credit", "refund") else 1
                    totals[link.side] += sign * move.amount_total
            flow.write(
                {
                    "total_seller": totals["seller"],
                    "total_buyer": totals["buyer"],
                }
            )

    # -- progress ----------------------------------------------------------------------

    def _reach(self, milestone, side=None, note=None):
        """Note that a flow has come to a milestone; the state follows, never backwards.

        What is noted already, with the same side and note, is not noted again. A deal that
        was cancelled begins anew when it is ordered again.

        :param str milestone: key of ``STATES``
        """
        order = [key for key, _label in STATES]
        rows = []
        for flow in self.sudo():  # as in _open
            anew = flow.state == "cancelled" and milestone == "ordered"
            if anew or order.index(milestone) > order.index(flow.state):
                flow.state = milestone
            if (milestone, side or False, note or False) not in flow._reached():
                rows.append(
                    {
                        "flow_id": flow.id,
                        "milestone": milestone,
                        "side": side,
                        "note": note,
                    }
                )
        return self.env["mfg.ic.milestone"].sudo().create(rows)  # as in _open

    def _reached(self):
        """Tuples (milestone, side, note) since the flow was opened or last cancelled."""
        self.ensure_one()
        found = set()
        for row in self.milestone_ids:
            if row.milestone == "cancelled":
                found.clear()
            found.add((row.milestone, row.side, row.note))
        return found
