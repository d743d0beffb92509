import textwrap

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

KINDS = [
    ("agreement", "No Agreement"),
    ("price", "Price"),
    ("qty", "Quantity"),
    ("tax", "Tax"),
    ("total", "Total"),
    ("currency", "Currency or Rate"),
    ("period", "Period Closed"),
    ("missing", "Other Document Missing"),
    ("duplicate", "Duplicate"),
    ("lot", "Lot or Serial Number"),
    ("mapping", "Item or Account not Mapped"),
    ("access", "Rights or Service User"),
    ("cancel", "Change or Cancellation"),
    ("error", "Error"),
]
#: exceptions that a notification names
_TOLD = 3


class MfgIcException(models.Model):
    """What does not fit between two companies, with an owner on either side."""

    _name = "mfg.ic.exception"
    _description = "Intercompany Exception"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"
    _order = "state, sla_date, id desc"

    name = fields.Char("What Happened", required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True, index=True)
    severity = fields.Selection(
        [("warning", "Warning"), ("blocking", "Blocking")],
        required=True,
        readonly=True,
        default="blocking",
    )
    flow_id = fields.Many2one(
        "mfg.ic.flow", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    agreement_id = fields.Many2one(
        "mfg.ic.agreement", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    seller_company_id = fields.Many2one(
        "res.company", "Seller", required=True, readonly=True, index=True
    )
    buyer_company_id = fields.Many2one(
        "res.company", "Buyer", required=True, readonly=True, index=True
    )
    seller_owner_id = fields.Many2one("res.users", "Owner at the Seller", readonly=True)
    buyer_owner_id = fields.Many2one("res.users", "Owner at the Buyer", readonly=True)
    expected = fields.Char(readonly=True)
    actual = fields.Char(readonly=True)
    key = fields.Char(required=True, readonly=True, index=True)
    count = fields.Integer("Times", readonly=True, default=1)
    sla_date = fields.Date("Resolve by", readonly=True, index=True)
    # What is tried again, and on which document.
    step = fields.Char(readonly=True)
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Integer("Record", readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("resolved", "Resolved")],
        required=True,
        readonly=True,
        default="open",
        index=True,
        tracking=True,
    )
    resolution = fields.Selection(
        [
            ("retry", "Repeated after Repair"),
            ("accept", "Accepted as It Is"),
            ("rounding", "Difference Booked"),
            ("resync", "Brought into Line"),
            ("credit", "Credit Note"),
            ("change", "Change Request"),
            ("gone", "Does Not Exist any more"),
        ],
        readonly=True,
        tracking=True,
    )
    reason = fields.Text(readonly=True, tracking=True)
    resolved_by_id = fields.Many2one("res.users", "Resolved by", readonly=True)
    resolved_on = fields.Datetime(readonly=True)

    def init(self):
        # The same thing is told once, as long as it is open.
        self.env.cr.execute(
            """
            CREATE UNIQUE INDEX IF NOT EXISTS mfg_ic_exception_open_key_uniq
                ON mfg_ic_exception (key) WHERE state = 'open'
            """
        )

    # -- coming up ---------------------------------------------------------------------

    @api.model
    def _raise(
        self,
        kind,
        message,
        agreement=None,
        flow=None,
        document=None,
        step=None,
        expected="",
        actual="",
        severity="blocking",
        seller=None,
        buyer=None,
        key=None,
    ):
        """Tell both owners what does not fit; the same thing once, as long as it is open.

        :param str kind: key of ``KINDS``
        :param str message: cause and remedy, in words
        :param agreement: ``mfg.ic.agreement``; else name ``seller`` and ``buyer``
        :param flow: ``mfg.ic.flow``, may be empty
        :param document: the record that it came up with; of the side where it began
        :param str step: what ``document._mfg_ic_retry(step)`` does again after a repair
        :param str key: what makes it the same thing; by default document and step, or
            flow and kind
        :return: ``mfg.ic.exception`` with superuser rights
        """
        agreement = agreement or (flow and flow.agreement_id)
        seller = seller or agreement.seller_company_id
        buyer = buyer or agreement.buyer_company_id
        key = key or self._default_key(kind, flow, document, step)
        # Whoever posts a document has no right to write exceptions, and needs none.
        exceptions = self.sudo()
        values = {
            "name": message,
            "kind": kind,
            "severity": severity,
            "expected": expected,
            "actual": actual,
        }
        known = exceptions.search([("key", "=", key), ("state", "=", "open")])
        if known:
            known.write({**values, "count": known.count + 1})
            return known
        owners = self._owners(agreement, seller, buyer)
        today = fields.Date.context_today(self)
        found = exceptions.create(
            {
                **values,
                "key": key,
                "flow_id": flow and flow.id,
                "agreement_id": agreement and agreement.id,
                "seller_company_id": seller.id,
                "buyer_company_id": buyer.id,
                "seller_owner_id": owners["seller"].id,
                "buyer_owner_id": owners["buyer"].id,
                "sla_date": fields.Date.add(
                    today, days=agreement.sla_days if agreement else 3
                ),
                "res_model": document and document._name,
                "res_id": document and document.id,
                "step": step,
            }
        )
        found._notify_owners()
        return found

    @api.model
    def _default_key(self, kind, flow, document, step):
        if document:
            return f"{document._name},{document.id}:{step or kind}"
        return f"flow,{flow.id}:{kind}"

    @api.model
    def _owners(self, agreement, seller, buyer):
        """{side: ``res.users``} who are asked; without agreement the plants' managers."""
        found = {}
        for side, company in (("seller", seller), ("buyer", buyer)):
            owner = agreement and agreement._side(side).owner_id
            if not owner:
                plant = self.env["mfg.plant"]._plant_of(company)
                owner = plant.sudo().responsible_id  # whom to ask is no secret
            found[side] = owner or self.env["res.users"]
        return found

    def _notify_owners(self):
        """Put the exception on the list of activities of both owners."""
        for exception in self:
            owners = exception.seller_owner_id | exception.buyer_owner_id
            # Who lost the right to see it meanwhile must not stop the first document.
            for owner in owners.filtered(exception._is_seen_by):
                # Without mail: it would need an address of whoever set it off.
                exception.with_context(
                    mail_activity_quick_update=True
                ).activity_schedule(
                    "mail.mail_activity_data_todo",
                    date_deadline=exception.sla_date,
                    summary=textwrap.shorten(exception.name, 120, placeholder="…"),
                    user_id=owner.id,
                )

    def _is_seen_by(self, user):
        companies = self.seller_company_id | self.buyer_company_id
        return (
            user.active
            and user.has_group("mfg_multi_company.group_user")
            and bool(user.company_ids & companies)
        )

    # -- resolving ---------------------------------------------------------------------

    @api.model
    def _settle(self, document, step, resolution="retry"):
        """Close what an earlier try of a step left open."""
        # As in _raise.
        found = self.sudo().search(
            [
                ("key", "=", self._default_key(None, None, document, step)),
                ("state", "=", "open"),
            ]
        )
        if found:
            found._resolve(resolution)

    def action_retry(self):
        """Try the step again after a repair; what is there already is not made twice.

        :raises UserError: nothing can be tried again
        """
        self._check_may_resolve()
        for exception in self.sudo():  # the check allowed it
            if exception.state != "open" or not exception.step:
                raise UserError(
                    _(
                        "%(exception)s has no step that could be repeated.",
                        exception=exception.name,
                    )
                )
            exception._origin_document()._mfg_ic_retry(exception.step)
        still = self.filtered(lambda each: each.state == "open")
        if still:
            kind, text = "warning", still._tell_open()
        else:
            kind, text = "success", _("Repeated: it is resolved.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": text,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _tell_open(self):
        """What is still open and who owns it, short enough for a notification."""
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        told = []
        for exception in self[:_TOLD]:
            # As on the form: whom to ask, and the companies, are no secret to either side.
            known = exception.sudo()
            owners = known.seller_owner_id | known.buyer_owner_id
            told.append(
                _(
                    "%(kind)s, %(deal)s (%(owners)s)",
                    kind=kinds[exception.kind],
                    deal=known.flow_id.name
                    or _(
                        "%(seller)s to %(buyer)s",
                        seller=known.seller_company_id.name,
                        buyer=known.buyer_company_id.name,
                    ),
                    owners=", ".join(owners.mapped("name")) or _("nobody yet"),
                )
            )
        if len(self) > _TOLD:
            told.append(_("%(count)s more", count=len(self) - _TOLD))
        return _("Repeated; still open: %(what)s", what="; ".join(told))

    def _origin_document(self):
        """The document that it came up with, as the service user of its side."""
        self.ensure_one()
        document = self.env[self.res_model].browse(self.res_id).exists()
        if not document:
            raise UserError(
                _("The document does not exist any more. Resolve the exception.")
            )
        side = "seller" if document.company_id == self.seller_company_id else "buyer"
        agreement = self.agreement_id or self.env["mfg.ic.agreement"]._mfg_ic_require(
            self.seller_company_id, self.buyer_company_id
        )
        return document.with_env(agreement._service_env(side))

    def action_resolve(self, resolution=None, reason=None):
        """Close the exceptions by hand.

        :param str resolution: key of ``resolution``
        :param str reason: why; required
        :raises UserError: no reason
        """
        self._check_may_resolve()
        if not (reason or "").strip():
            raise UserError(_("Say in Reason why it is resolved."))
        self.sudo()._resolve(resolution or "accept", reason)  # the check allowed it

    def _resolve(self, resolution, reason=None):
        self.write(
            {
                "state": "resolved",
                "resolution": resolution,
                "reason": reason,
                "resolved_by_id": self.env.uid,
                "resolved_on": fields.Datetime.now(),
            }
        )
        self.activity_ids.unlink()

    def _check_may_resolve(self):
        """:raises AccessError: the user is no owner, nor an approver of either company"""
        self.check_access_rights("read")
        self.check_access_rule("read")
        user = self.env.user
        for exception in self:
            owners = exception.seller_owner_id | exception.buyer_owner_id
            if user not in owners and not user.has_group(
                "mfg_multi_company.group_approve"
            ):
                raise AccessError(
                    _(
                        "%(exception)s is for %(owners)s, or the right Group Approval: "
                        "Approve.",
                        exception=exception.name,
                        owners=", ".join(owners.sudo().mapped("name"))  # whom to ask
                        or _("nobody yet"),
                    )
                )
