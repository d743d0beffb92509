from odoo import Command, _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine.ledger import ledger
from .mfg_quality_hold_line import STOCK_USAGES
from .mfg_quality_inspection_specification import SPECIFICATION

# Written by the methods of this model only.
PROTECTED = {"name", "state", "verdict", "inspector_id", "decided_on"}
# What an inspection is about; another subject is another inspection.
SUBJECT = {"plan_id", "hold_id", "product_id", "lot_id", "company_id", "quantity"}
# What stays open after the verdict: talking about it.
DISCUSSION = ("message_", "activity_", "website_message_")


class MfgQualityInspection(models.Model):
    """Looks at units of a lot; its verdict is final and frees nothing by itself."""

    _name = "mfg.quality.inspection"
    _description = "Quality Inspection"
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
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
    )
    plan_id = fields.Many2one(
        "mfg.quality.inspection.plan", check_company=True, ondelete="restrict"
    )
    hold_id = fields.Many2one(
        "mfg.quality.hold", check_company=True, ondelete="restrict", index=True
    )
    product_id = fields.Many2one(
        "product.product", required=True, check_company=True, index=True
    )
    lot_id = fields.Many2one(
        "stock.lot",
        "Lot/Serial",
        check_company=True,
        domain="[('product_id', '=', product_id)]",
        index=True,
    )
    quantity = fields.Float(digits="Product Unit of Measure")
    uom_id = fields.Many2one(related="product_id.uom_id")
    picking_id = fields.Many2one(
        "stock.picking", "Transfer", check_company=True, index="btree_not_null"
    )
    production_id = fields.Many2one(
        "mrp.production",
        "Manufacturing Order",
        check_company=True,
        index="btree_not_null",
    )
    vendor_id = fields.Many2one("res.partner")
    state = fields.Selection(
        [("open", "To Inspect"), ("done", "Decided"), ("skipped", "Skipped")],
        required=True,
        default="open",
        readonly=True,
        tracking=True,
        copy=False,
        index=True,
    )
    verdict = fields.Selection(
        [("pass", "Passed"), ("fail", "Failed")],
        readonly=True,
        tracking=True,
        copy=False,
    )
    skip_reason = fields.Char(
        copy=False, help="Why it is not inspected; needed to skip it."
    )
    instructions = fields.Html(related="plan_id.instructions")
    inspector_id = fields.Many2one(
        "res.users", "Decided by", readonly=True, copy=False, tracking=True
    )
    decided_on = fields.Datetime(readonly=True, copy=False)
    result_ids = fields.One2many("mfg.quality.inspection.result", "inspection_id")
    failed_count = fields.Integer(
        "Failures", compute="_compute_failed_count", store=True
    )

    @api.depends("result_ids.verdict")
    def _compute_failed_count(self):
        for inspection in self:
            failed = inspection.result_ids.filtered(lambda r: r.verdict == "fail")
            inspection.failed_count = len(failed)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if PROTECTED & set(vals):
                raise AccessError(_("An inspection begins without a verdict."))
            vals["name"] = self.env["ir.sequence"].next_by_code(
                "mfg.quality.inspection"
            )
        inspections = super().create(vals_list)
        for inspection in inspections.filtered("plan_id"):
            if not inspection.result_ids:
                inspection._add_samples()
        # The hold shows that somebody is at work on it; the inspector may not write it.
        inspections.hold_id.sudo()._refresh_state()
        return inspections

    def write(self, vals):
        if not ledger(self.env.cr).in_transition:
            if PROTECTED & set(vals):
                raise AccessError(
                    _("The verdict of an inspection is given with Decide or Skip.")
                )
            if SUBJECT & set(vals):
                raise UserError(
                    _(
                        "What is inspected, and by which plan, does not change. Skip this "
                        "inspection and create another."
                    )
                )
            if not all(name.startswith(DISCUSSION) for name in vals):
                self._check_open()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(_("An inspection stays on record. Skip it with a reason."))

    # -- actions -----------------------------------------------------------------------

    def action_decide(self):
        """Give the verdict that follows from the results. It is final.

        A failed inspection keeps its stock on hold, or places it on hold, and proposes
        what the plan says; a passed one proposes the release.

        :raises AccessError: the user may not inspect
        :raises UserError: a result is missing, or the verdict is given already
        """
        self._check_inspector()
        for inspection in self:
            inspection._check_open()
            results = inspection.result_ids
            if not results:
                raise UserError(
                    _(
                        "%(name)s has no results. Add what you looked at, or skip it with "
                        "a reason.",
                        name=inspection.name,
                    )
                )
            results._check_complete()
            failed = "fail" in results.mapped("verdict")
            inspection._close("done", "fail" if failed else "pass")
            if failed and not inspection.hold_id:
                inspection._place_on_hold()
            inspection._propose()
            inspection.hold_id.sudo()._refresh_state()  # follows from the verdict

    def action_skip(self):
        """Close without a verdict; the reason stays on record.

        :raises AccessError: the user may not inspect
        :raises UserError: no reason is given, or it is decided already
        """
        self._check_inspector()
        for inspection in self:
            inspection._check_open()
            if not (inspection.skip_reason or "").strip():
                raise UserError(
                    _(
                        "Say in the field Skip Reason why %(name)s is not inspected.",
                        name=inspection.name,
                    )
                )
            inspection._close("skipped", False)
            inspection.hold_id.sudo()._refresh_state()  # nobody is at work on it now

    def action_view_hold(self):
        """Show the hold."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "mfg.quality.hold",
            "res_id": self.hold_id.id,
            "view_mode": "form",
        }

    # -- business ----------------------------------------------------------------------

    def _check_inspector(self):
        if not (
            self.env.su or self.env.user.has_group("mfg_quality_hold.group_inspect")
        ):
            raise AccessError(_("Inspecting needs the right Quality Holds: Inspect."))

    def _check_open(self):
        """Refuse changes after the verdict, also by the superuser.

        :raises UserError: names the inspection and the way out
        """
        for inspection in self:
            if inspection.state != "open":
                raise UserError(
                    _(
                        "%(name)s is decided; nothing of it changes any more. Inspect "
                        "again with a new inspection.",
                        name=inspection.name,
                    )
                )

    def _add_samples(self):
        """One empty result per characteristic of the plan and unit to inspect."""
        self.ensure_one()
        units = self.plan_id.sample_size
        if self.quantity:
            units = max(1, min(units, int(self.quantity)))
        specifications = [
            {
                name: characteristic._fields[name].convert_to_write(
                    characteristic[name], characteristic
                )
                for name in SPECIFICATION
            }
            for characteristic in self.plan_id.characteristic_ids
        ]
        self.result_ids = [
            Command.create(dict(specification, sample=unit))
            for unit in range(1, units + 1)
            for specification in specifications
        ]

    def _close(self, state, verdict):
        with ledger(self.env.cr).transition():
            self.write(
                {
                    "state": state,
                    "verdict": verdict,
                    "inspector_id": self.env.uid,
                    "decided_on": fields.Datetime.now(),
                }
            )

    def _inspectors(self):
        """Everybody who recorded a result or gave a verdict."""
        return self.result_ids.recorded_by_id | self.inspector_id

    def _place_on_hold(self):
        """Hold what failed without being on hold: a lot that failed must not ship."""
        self.ensure_one()
        # Rules and stock count in full, whoever inspects.
        rule = self.env["mfg.quality.hold.rule"].sudo()._for_failed(self)
        reason = rule.reason_id or self.env.ref("mfg_quality_hold.reason_out_of_spec")
        scope = self.lot_id or self.env["stock.quant"].search(
            [
                ("product_id", "=", self.product_id.id),
                ("company_id", "=", self.company_id.id),
                ("location_id.usage", "in", STOCK_USAGES),
                ("quantity", ">", 0),
            ]
        )
        if not scope:
            return
        hold = self.env["mfg.quality.hold"].place(
            scope,
            reason.code,
            note=self.result_ids._describe_failures(),
            origin="inspection",
            origin_ref=self.name,
            company_id=self.company_id.id,
            rule_id=rule.id,
        )
        with ledger(self.env.cr).transition():
            self.hold_id = hold

    def _held_lines(self):
        """Active hold lines about what was inspected."""
        self.ensure_one()
        return self.hold_id.line_ids.filtered(
            lambda line: (
                line.state == "active"
                and line.kind in ("lot", "quantity")
                and line.product_id == self.product_id
                and (not self.lot_id or line.lot_id == self.lot_id)
            )
        )

    def _propose(self):
        """Put forward what follows from the verdict; an approver signs it or not."""
        self.ensure_one()
        lines = self._held_lines()
        # Whatever others have planned, whether or not the inspector may see it.
        lines.sudo()._refresh_held()
        planned = self.hold_id.disposition_ids.filtered(
            lambda record: (
                record.state in ("draft", "proposed", "approved", "executing")
            )
        ).line_ids.hold_line_id
        lines = (lines - planned).filtered("qty_open")
        if not lines:
            return
        failed = self.verdict == "fail"
        kind = (self.plan_id.fail_kind or "scrap") if failed else "release"
        disposition = self.env["mfg.quality.disposition"].create(
            {
                "hold_id": self.hold_id.id,
                "kind": kind,
                "justification": _(
                    "Inspection %(name)s failed:\n%(failures)s",
                    name=self.name,
                    failures=self.result_ids._describe_failures(),
                )
                if failed
                else _("Inspection %(name)s passed.", name=self.name),
                "line_ids": [
                    Command.create({"hold_line_id": line.id, "quantity": line.qty_open})
                    for line in lines
                ],
            }
        )
        if kind != "return_vendor" or disposition.vendor_id:
            disposition.action_propose()
