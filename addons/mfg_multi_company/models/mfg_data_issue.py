from odoo import _, api, fields, models
from odoo.exceptions import UserError


class MfgDataIssue(models.Model):
    """Something wrong with a record, on the list of the steward who answers for it."""

    _name = "mfg.data.issue"
    _description = "Data Issue"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state, id desc"
    _rec_name = "record_name"

    rule_id = fields.Many2one(
        "mfg.data.rule", required=True, readonly=True, ondelete="cascade", index=True
    )
    domain = fields.Selection(related="rule_id.domain", store=True)
    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record", model_field="res_model", required=True, readonly=True
    )
    record_name = fields.Char("Of", readonly=True)
    message = fields.Char("What Is Wrong", readonly=True)
    company_id = fields.Many2one(
        "res.company", readonly=True, index=True, help="Empty: shared by all companies."
    )
    steward_id = fields.Many2one("res.users", index=True, tracking=True)
    note = fields.Text(help="Why it is accepted as it is.")
    state = fields.Selection(
        [("open", "Open"), ("accepted", "Accepted"), ("resolved", "Resolved")],
        required=True,
        default="open",
        readonly=True,
        tracking=True,
        index=True,
    )

    _sql_constraints = [
        (
            "once",
            "unique(rule_id, res_model, res_id)",
            "A rule finds fault with a record once.",
        ),
    ]

    def action_open_record(self):
        """Open what the issue is about."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    def action_accept(self):
        """Leave it as it is, for a reason."""
        for issue in self:
            if not issue.note:
                raise UserError(_("Say in Note why it is accepted."))
        self.write({"state": "accepted"})

    def action_reopen(self):
        """Put it back on the list."""
        self.write({"state": "open"})

    @api.model
    def _synchronise(self, rule, faults):
        """Make the open issues of a rule those of ``{record: message}``."""
        known = {
            issue.res_id: issue for issue in self.search([("rule_id", "=", rule.id)])
        }
        stewards = {}
        new = []
        for record, message in faults.items():
            issue = known.pop(record.id, None)
            if issue:
                if issue.state == "resolved" or issue.message != message:
                    state = "accepted" if issue.state == "accepted" else "open"
                    issue.write({"state": state, "message": message})
                continue
            company = "company_id" in record._fields and record.company_id
            if company not in stewards:
                plant = company and self.env["mfg.plant"]._plant_of(company)
                stewards[company] = self.env["mfg.plant.domain"]._steward(
                    rule.domain, plant
                )
            new.append(
                {
                    "rule_id": rule.id,
                    "res_model": record._name,
                    "res_id": record.id,
                    "record_name": record.display_name,
                    "message": message,
                    "company_id": company and company.id,
                    "steward_id": stewards[company].id,
                }
            )
        self.create(new)
        gone = self.browse([issue.id for issue in known.values()])
        gone.filtered(lambda issue: issue.state != "resolved").write(
            {"state": "resolved"}
        )
