from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

RIGHTS = {
    "seller": "sales_team.group_sale_salesman",
    "buyer": "purchase.group_purchase_user",
}
OTHER = {"seller": "buyer", "buyer": "seller"}


class MfgIcChange(models.Model):
    """What one side of a flow asks the other one to change, or to cancel.

    Nothing changes until the other side accepts; then both orders change at once.
    """

    _name = "mfg.ic.change"
    _description = "Change of an Intercompany Flow"
    _inherit = ["mfg.decision.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "flow_id"
    _decision_content = ("flow_id", "kind", "reason")

    flow_id = fields.Many2one(
        "mfg.ic.flow", required=True, index=True, ondelete="cascade"
    )
    seller_company_id = fields.Many2one(
        related="flow_id.seller_company_id", store=True, index=True
    )
    buyer_company_id = fields.Many2one(
        related="flow_id.buyer_company_id", store=True, index=True
    )
    kind = fields.Selection(
        [("change", "Quantities and Prices"), ("cancel", "Cancel what Is not Shipped")],
        required=True,
        default="change",
    )
    requested_side = fields.Selection(
        [("seller", "Seller"), ("buyer", "Buyer")],
        "Asked by the",
        compute="_compute_requested_side",
        store=True,
    )
    company_id = fields.Many2one(
        "res.company",
        "Asked by",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    line_ids = fields.One2many("mfg.ic.change.line", "change_id", "Items")
    reason = fields.Text()
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("requested", "Asked"),
            ("accepted", "Accepted"),
            ("rejected", "Rejected"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )

    @api.depends("company_id", "flow_id")
    def _compute_requested_side(self):
        for change in self:
            flow = change.flow_id
            change.requested_side = (
                "seller" if change.company_id == flow.seller_company_id else "buyer"
            )

    @api.constrains("company_id", "flow_id")
    def _check_company(self):
        for change in self:
            flow = change.flow_id
            if change.company_id not in flow.seller_company_id | flow.buyer_company_id:
                raise ValidationError(
                    _("Asked by: choose a flow of the company you work in.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        changes = super().create(
            [{**vals, "company_id": self.env.company.id} for vals in vals_list]
        )
        for change in changes:
            if change.kind == "change" and not change.line_ids:
                change._propose_lines()
        return changes

    @api.onchange("flow_id")
    def _onchange_flow_id(self):
        self.line_ids = [fields.Command.clear()] + [
            fields.Command.create(values) for values in self._line_values()
        ]

    def _line_values(self):
        return [
            {
                "flow_line_id": line.id,
                "quantity": line.sudo()._purchase_line().product_qty,  # own figures
                "price": line.price_seller,
            }
            for line in self.flow_id.line_ids
        ]

    def _propose_lines(self):
        self.line_ids = [
            fields.Command.create(values) for values in self._line_values()
        ]

    # -- actions -----------------------------------------------------------------------

    def action_request(self):
        """Ask the other side.

        :raises ValidationError: nothing would change
        """
        self._check_state("draft")
        for change in self:
            change._check_right(change.requested_side)
            if change.kind == "change" and not change._differences():
                raise ValidationError(
                    _("Change a Quantity or Price first; nothing differs yet.")
                )
        self._set_requested()

    def action_accept(self):
        """Accept for the company the user works in; both orders change at once.

        :raises AccessError: the user works for the side that asked, or lacks the right
        :raises UserError: the order cannot change like this, said in words
        """
        for change in self:
            change._check_decision()
            flow = change.flow_id.sudo()  # both orders are changed by service users
            flow._lock()
            if change.kind == "cancel":
                flow._cancel_rest()
            else:
                flow._apply(change._differences())
                change._check_approval()
            change.sudo()._set_decided("accepted")  # allowed by the checks

    def action_reject(self):
        """Leave everything as it is."""
        for change in self:
            change._check_decision()
            change.sudo()._set_decided("rejected")  # allowed by the check

    def action_withdraw(self):
        """Take the question back."""
        self._check_state("draft", "requested")
        for change in self:
            change._check_right(change.requested_side)
        self.sudo()._transit(state="withdrawn")  # allowed by the check

    def _check_right(self, side):
        """:raises AccessError: the user does not speak for that side"""
        self.check_access_rights("read")
        self.check_access_rule("read")
        company = self.flow_id[f"{side}_company_id"]
        user = self.env.user
        if company not in user.company_ids or not user.has_group(RIGHTS[side]):
            raise AccessError(
                _(
                    "This is for people of %(company)s who may write its orders.",
                    company=company.sudo().name,  # partners know each other's names
                )
            )

    def _check_decision(self):
        self._check_state("requested")
        self._check_second_person()
        self._check_right(OTHER[self.requested_side])
        if self.flow_id[f"{OTHER[self.requested_side]}_company_id"] not in (
            self.env.companies
        ):
            raise AccessError(_("The other company decides. Switch to it first."))

    def _check_approval(self):
        """:raises UserError: the new total is beyond what the user may approve"""
        if self.requested_side == "buyer":
            return
        # The order is found past the rules and looked at with the user's rights.
        order = self.flow_id.sudo()._purchase().with_env(self.env)
        if not order._approval_allowed():
            raise UserError(
                _(
                    "%(total)s is beyond what you may approve. A purchase manager "
                    "accepts the change.",
                    total=order.amount_total,
                )
            )

    def _differences(self):
        """{item: {"quantity", "price"}} of what would change."""
        found = {}
        for line in self.line_ids:
            change = {}
            # Figures of the order alone are compared; service users write them.
            item = line.flow_line_id.sudo()
            if line.quantity != item._purchase_line().product_qty:
                change["quantity"] = line.quantity
            if line.price != item.price_seller:
                change["price"] = line.price
            if change:
                found[item] = change
        return found

    @api.model
    def _ask_to_cancel(self, flow, company):
        """A question to the other side; the open one, if there is one."""
        known = self.search(
            [
                ("flow_id", "=", flow.id),
                ("kind", "=", "cancel"),
                ("state", "=", "requested"),
                ("company_id", "=", company.id),
            ],
            limit=1,
        )
        if known:
            return known
        change = self.with_company(company).create(
            {"flow_id": flow.id, "kind": "cancel"}
        )
        change.action_request()
        return change

    def _deciders(self):
        """Who answers for the other side."""
        flow = self.flow_id.sudo()  # whom to ask is no secret
        return flow.agreement_id._side(OTHER[self.requested_side]).owner_id

    def _question(self):
        return _("%s: accept or reject a change", self.flow_id.name)

    def _notification(self):
        """Tell the user that the other side was asked."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": _(
                    "The other company relies on the order and was asked. Nothing changes "
                    "until it accepts."
                ),
            },
        }
