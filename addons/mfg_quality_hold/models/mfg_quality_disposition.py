import hashlib
import json
from collections import Counter

from odoo import Command, _, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import float_compare

from ..engine.ledger import ledger
from .mfg_quality_approval_rule import DISPOSITIONS

# Decisions that free stock where it is, without a document of Odoo.
RELEASES = ("release", "use_as_is", "withdraw")
SIGN, EXECUTE = (f"mfg_quality_hold.activity_{what}" for what in ("sign", "execute"))
# What a signature stands for; fixed once proposed.
CONTENT = {
    "kind",
    "line_ids",
    "justification",
    "customer_approval",
    "hold_id",
    "vendor_id",
    "regrade_product_id",
}
PROTECTED = {"state", "company_id", "proposed_by_id", "proposed_on", "name"}


class MfgQualityDisposition(models.Model):
    _name = "mfg.quality.disposition"
    _description = "Quality Disposition"
    _inherit = [
        "mfg.quality.own.defaults",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _guarded_defaults = PROTECTED
    _check_company_auto = True
    _order = "id desc"

    name = fields.Char(
        required=True, readonly=True, copy=False, default=lambda self: _("New")
    )
    hold_id = fields.Many2one(
        "mfg.quality.hold", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        related="hold_id.company_id", store=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    severity = fields.Selection(related="hold_id.severity")
    kind = fields.Selection(DISPOSITIONS, "Decision", required=True, tracking=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("proposed", "Proposed"),
            ("approved", "Approved"),
            ("executing", "Executing"),
            ("done", "Done"),
            ("rejected", "Rejected"),
        ],
        required=True,
        default="draft",
        readonly=True,
        tracking=True,
        copy=False,
        index=True,
    )
    justification = fields.Text(
        help="Why this is right. A concession or a withdrawal needs one."
    )
    customer_approval = fields.Char(
        help="Reference of the customer's agreement, if any."
    )
    vendor_id = fields.Many2one(
        "res.partner",
        compute="_compute_vendor_id",
        store=True,
        readonly=False,
        help="To whom it goes back; by default who delivered it.",
    )
    regrade_product_id = fields.Many2one(
        "product.product",
        "Regrade to",
        check_company=True,
        domain="[('type', '=', 'product')]",
        help="The lesser product as which the stock is booked in again.",
    )
    picking_ids = fields.One2many(
        "stock.picking", compute="_compute_documents", string="Returns"
    )
    production_ids = fields.One2many(
        "mrp.production", "quality_disposition_id", "Rework Orders", readonly=True
    )
    line_ids = fields.One2many(
        "mfg.quality.disposition.line", "disposition_id", copy=False
    )
    value = fields.Monetary(compute="_compute_value")
    proposed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    proposed_on = fields.Datetime(readonly=True, copy=False)
    signature_ids = fields.One2many(
        "mfg.quality.signature", "disposition_id", readonly=True
    )
    missing_signatures = fields.Integer(compute="_compute_missing_signatures")

    @api.depends("line_ids.quantity", "line_ids.hold_line_id.unit_value")
    def _compute_value(self):
        for disposition in self:
            disposition.value = sum(
                line.quantity * line.hold_line_id.unit_value
                for line in disposition.line_ids
            )

    @api.depends("kind", "line_ids.hold_line_id")
    def _compute_vendor_id(self):
        for disposition in self:
            if disposition.kind == "return_vendor" and not disposition.vendor_id:
                receipts = disposition.line_ids._receipt_moves()
                disposition.vendor_id = receipts.picking_id.partner_id[:1]

    @api.depends("line_ids.move_ids.picking_id")
    def _compute_documents(self):
        for disposition in self:
            disposition.picking_ids = disposition.line_ids.move_ids.picking_id

    @api.depends("signature_ids", "kind", "line_ids.quantity", "severity")
    def _compute_missing_signatures(self):
        for disposition in self:
            disposition.missing_signatures = sum(
                disposition._open_requirements().values()
            )

    @api.constrains("hold_id", "line_ids")
    def _check_lines(self):
        for disposition in self:
            if disposition.line_ids.hold_line_id.hold_id - disposition.hold_id:
                raise ValidationError(
                    _(
                        "All lines of a disposition belong to hold %(hold)s.",
                        hold=disposition.hold_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if PROTECTED & set(vals) and not ledger(self.env.cr).in_transition:
                raise AccessError(_("A disposition begins as a draft."))
            vals["name"] = self.env["ir.sequence"].next_by_code(
                "mfg.quality.disposition"
            )
        dispositions = super().create(vals_list)
        # The hold shows that somebody is at work on it; the user may not write it.
        dispositions.hold_id.sudo()._refresh_state()
        return dispositions

    def write(self, vals):
        if not ledger(self.env.cr).in_transition:
            if PROTECTED & set(vals):
                raise AccessError(
                    _("The state of a disposition changes through its actions.")
                )
            if CONTENT & set(vals) and any(record.state != "draft" for record in self):
                raise UserError(
                    _(
                        "A proposed disposition is fixed, because signatures stand for its "
                        "content. Reject it and make a new one."
                    )
                )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_draft_only(self):
        if any(disposition.state != "draft" for disposition in self):
            raise UserError(
                _("A proposed disposition stays on record. Reject it instead.")
            )

    def unlink(self):
        holds = self.hold_id
        res = super().unlink()
        holds.sudo()._refresh_state()  # back to on hold; the user may not write holds
        return res

    # -- content and signatures --------------------------------------------------------

    def _content(self):
        """What a signature stands for, as plain data."""
        self.ensure_one()
        return {
            "hold": self.hold_id.name,
            "disposition": self.name,
            "kind": self.kind,
            "justification": self.justification or "",
            "customer_approval": self.customer_approval or "",
            "vendor": self.vendor_id.id,
            "regrade_to": self.regrade_product_id.id,
            "proposed_by": self.proposed_by_id.id,
            "lines": sorted(
                [
                    line.hold_line_id.id,
                    line.product_id.id,
                    line.lot_id.id,
                    round(line.quantity, 6),
                ]
                for line in self.line_ids
            ),
        }

    def _content_hash(self):
        """SHA-256 of the content; a changed word is another content."""
        text = json.dumps(self._content(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _approvals(self):
        """Signatures that approve the present content."""
        digest = self._content_hash()
        return self.signature_ids.filtered(
            lambda signature: (
                signature.decision == "approve" and signature.content_hash == digest
            )
        )

    def _open_requirements(self):
        """{group: signatures still missing}; who is in two groups signs for one."""
        self.ensure_one()
        rules = self.env["mfg.quality.approval.rule"].sudo()  # who must sign binds all
        needed = rules._required(self.company_id, self.kind, self.severity, self.value)
        places = [group for group, count in needed.items() for _each in range(count)]
        taken = {}

        def give_place(user, tried):
            """Find the user a place; others move to another one of theirs for it."""
            for place, group in enumerate(places):
                if place in tried or user not in group.users:
                    continue
                tried.add(place)
                if place not in taken or give_place(taken[place], tried):
                    taken[place] = user
                    return True
            return False

        for user in self._approvals().user_id:
            give_place(user, set())
        return Counter(
            group for place, group in enumerate(places) if place not in taken
        )

    def _is_signed(self):
        """Tell whether every signature is there and stands for the present content."""
        return not self._open_requirements()

    # -- actions -----------------------------------------------------------------------

    def action_propose(self):
        """Put the decision forward for approval."""
        for disposition in self:
            if disposition.state != "draft":
                raise UserError(_("Only a draft can be proposed."))
            # Quantities of stock the proposer may not see in full.
            disposition.sudo()._check_proposal()
            with ledger(self.env.cr).transition():
                disposition.write(
                    {
                        "state": "proposed",
                        "proposed_by_id": self.env.uid,
                        "proposed_on": fields.Datetime.now(),
                    }
                )
            disposition.hold_id.sudo()._refresh_state()  # follows from the proposal
            disposition._ask_signers()

    def _check_proposal(self):
        """Refuse what cannot be decided: too much, nothing, no reason given."""
        self.ensure_one()
        if not self.line_ids:
            raise UserError(_("Add what the disposition is about."))
        if self.kind in ("use_as_is", "withdraw") and not self.justification:
            raise UserError(_("Say in the justification why the decision is right."))
        if self.kind == "return_vendor" and not self.vendor_id:
            raise UserError(_("Say in the field Vendor to whom it goes back."))
        if self.kind == "regrade" and not self.regrade_product_id:
            raise UserError(_("Say in the field Regrade to what the stock becomes."))
        for line in self.line_ids:
            line._check_proposal()

    def action_sign(self):
        """Open the dialog for the signature."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": _("Sign %(name)s", name=self.name),
            "res_model": "mfg.quality.sign",
            "view_mode": "form",
            "target": "new",
            "context": {"default_disposition_id": self.id},
        }

    def _sign(self, decision, meaning, password, totp_code=None):
        """Approve or reject with a signature of the current user.

        :raises AccessError: the user may not decide on this one
        :raises UserError: wrong password, or nothing to sign
        """
        self.ensure_one()
        if self.state != "proposed":
            raise UserError(
                _(
                    "Disposition %(what)s is not up for a signature. Propose another one.",
                    what=self._title(),
                )
            )
        self._check_signer()
        signature = self.env["mfg.quality.signature"]._sign(
            self, decision, meaning, password, totp_code
        )
        # Whoever signs may neither write the decision nor see the activities of others.
        known = self.sudo()
        known.activity_feedback([SIGN], user_id=self.env.uid)
        if decision == "reject":
            self._set_state("rejected")
        elif self._is_signed():
            self._set_state("approved")
            if self.kind in RELEASES:
                known._execute()  # decided by signature; approvers move no stock
            else:
                known.activity_schedule(EXECUTE, user_id=self.proposed_by_id.id)
        if self.state != "proposed":
            known.activity_unlink([SIGN])
        return signature

    def _ask_signers(self):
        """Give everybody whose signature would count the activity to sign."""
        self.ensure_one()
        # Groups and companies of other users.
        known = self.sudo()
        approvers = self.env.ref("mfg_quality_hold.group_approve").sudo().users
        for group in known._open_requirements():
            for user in (approvers & group.users).filtered(
                lambda user: (
                    self.company_id in user.company_ids and not known._partiality(user)
                )
            ):
                if not known.activity_search([SIGN], user_id=user.id):
                    known.activity_schedule(SIGN, user_id=user.id)

    def _check_signer(self):
        """Requester, inspector and approver are different persons."""
        user = self.env.user
        if not user.has_group("mfg_quality_hold.group_approve"):
            raise AccessError(_("Deciding needs the right Quality Holds: Approve."))
        if self.company_id not in user.company_ids:
            raise AccessError(
                _("You do not belong to %(company)s.", company=self.company_id.name)
            )
        partiality = self._partiality(user)
        if partiality:
            raise AccessError(partiality)

    def _partiality(self, user):
        """Why the user must not be the one who signs; empty if nothing is against it."""
        if user in (self.hold_id.placed_by_id, self.proposed_by_id):
            return _(
                "You placed hold %(hold)s or proposed this decision. Another approver must "
                "sign.",
                hold=self.hold_id.name,
            )
        if user in self.hold_id._inspectors():
            return _(
                "You inspected what hold %(hold)s keeps. Another approver must sign.",
                hold=self.hold_id.name,
            )
        if user in self._approvals().user_id:
            return _(
                "You have signed already. Another person must sign, too: %(what)s.",
                what=self._title(),
            )
        return ""

    def _title(self):
        """The decision, what it is about and whose hold, for messages."""
        self.ensure_one()
        scopes = ", ".join(line.hold_line_id.scope for line in self.line_ids[:3])
        return f"{self.name}, {scopes} ({self.hold_id._title()})"

    def _set_state(self, state):
        # The states of decision and hold follow from signatures; signers write neither.
        for disposition in self.sudo():
            with ledger(self.env.cr).transition():
                disposition.write({"state": state})
            disposition.hold_id._refresh_state()

    def action_execute(self):
        """Carry out an approved decision with Odoo's own documents."""
        for disposition in self:
            if disposition.state != "approved":
                raise UserError(
                    _("Disposition %(name)s is not approved.", name=disposition.name)
                )
            disposition.check_access_rights("write")
            disposition.check_access_rule("write")
            disposition.sudo()._execute()  # a signed decision needs no further rights

    def _execute(self):
        """Free the stock, or make the documents that take it out of the hold."""
        self.ensure_one()
        if self.state != "approved" or not self._is_signed():
            raise UserError(
                _(
                    "The signatures of %(name)s do not stand for its present content.",
                    name=self.name,
                )
            )
        self.activity_unlink([EXECUTE])
        if self.kind in RELEASES:
            for line in self.line_ids:
                line.hold_line_id._dispose(line.quantity)
                line._set_done(line.quantity)
            self._set_state("done")
            self.line_ids.hold_line_id._reserve_waiting()
            return
        self._set_state("executing")
        getattr(self, f"_execute_{self.kind}")()

    def _count_done(self):
        """The moves of the decision are done, all or some of them."""
        for disposition in self:
            if disposition.state == "executing" and all(
                float_compare(
                    line.qty_done,
                    line.quantity,
                    precision_rounding=line.uom_id.rounding or 0.01,
                )
                >= 0
                for line in disposition.line_ids
            ):
                disposition._set_state("done")
            else:
                disposition.hold_id._refresh_state()

    def _execute_scrap(self):
        for line in self.line_ids:
            for quant, quantity in line._quants_to_take():
                scrap = self.env["stock.scrap"].create(
                    line._prepare_scrap_vals(quant, quantity)
                )
                scrap.do_scrap()

    def _execute_sample(self):
        """A sample is used up by testing: booked out like scrap, under its own name."""
        self._execute_scrap()

    def _execute_return_vendor(self):
        """A return transfer, reserved; the warehouse validates it when the goods go."""
        line = self.line_ids[0]
        source = line._quants_to_take()[0][0].location_id
        picking_type = source.warehouse_id.out_type_id
        destination = self._vendor_location()
        picking = self.env["stock.picking"].create(
            {
                "picking_type_id": picking_type.id,
                "partner_id": self.vendor_id.id,
                "origin": self.name,
                "company_id": self.company_id.id,
                "location_id": source.id,
                "location_dest_id": destination.id,
            }
        )
        for line in self.line_ids:
            line._create_moves(destination, picking=picking)
        picking.action_confirm()

    def _vendor_location(self):
        """Hook: where goods go that go back to the vendor."""
        return self.vendor_id.with_company(self.company_id).property_stock_supplier

    def _execute_regrade(self):
        """Out as what it was, in at the same cost as what it becomes."""
        for line in self.line_ids:
            production = line.product_id.with_company(
                self.company_id
            ).property_stock_production
            for move in line._create_moves(production):
                move.picked = True
                move._action_done()
                self._prepare_regraded(move)._action_done()

    def _prepare_regraded(self, taken):
        """The move that books the lesser product in where the other one was.

        :param taken: the done move that took the other product out
        """
        product = self.regrade_product_id
        quantity = taken.product_uom._compute_quantity(
            taken.quantity, taken.product_id.uom_id
        )
        value = -sum(taken.stock_valuation_layer_ids.mapped("value"))
        lot = self.env["stock.lot"]
        if product.tracking != "none" and taken.lot_ids:
            name = taken.lot_ids[0].name
            domain = [("product_id", "=", product.id), ("name", "=", name)]
            lot = lot.search(domain + [("company_id", "=", self.company_id.id)])
            lot = lot or lot.create(
                {
                    "name": name,
                    "product_id": product.id,
                    "company_id": self.company_id.id,
                }
            )
        line = taken.move_line_ids[0]
        return self.env["stock.move"].create(
            {
                "name": self.name,
                "origin": self.name,
                "company_id": self.company_id.id,
                "product_id": product.id,
                "product_uom": product.uom_id.id,
                "product_uom_qty": quantity,
                "price_unit": value / quantity,
                "location_id": taken.location_dest_id.id,
                "location_dest_id": line.location_id.id,
                "picked": True,
                "move_line_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_id": product.uom_id.id,
                            "quantity": quantity,
                            "lot_id": lot.id,
                            "location_id": taken.location_dest_id.id,
                            "location_dest_id": line.location_id.id,
                            "company_id": self.company_id.id,
                        }
                    )
                ],
            }
        )

    def _execute_rework(self):
        """An order that consumes the held stock and yields the same product.

        What it yields is on hold again, until somebody decides about that.
        """
        for line in self.line_ids:
            quants = line._quants_to_take()
            warehouse = quants[0][0].location_id.warehouse_id
            order = self.env["mrp.production"].create(
                {
                    "product_id": line.product_id.id,
                    "product_qty": line.quantity,
                    "product_uom_id": line.uom_id.id,
                    "bom_id": False,
                    "origin": self.name,
                    "company_id": self.company_id.id,
                    "picking_type_id": warehouse.manu_type_id.id,
                    "lot_producing_id": line.lot_id.id,
                    "quality_disposition_id": self.id,
                }
            )
            line._create_moves(order.production_location_id, production=order)
            order.action_confirm()
