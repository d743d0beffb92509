from odoo import api, models


class IrActions(models.Model):
    _inherit = "ir.actions.actions"

    @api.model
    def get_bindings(self, model_name):
        """Offer auditors the timeline of every audited model, whoever added it.

        :param str model_name: technical name
        """
        bindings = super().get_bindings(model_name)
        if model_name not in self.env[
            "mfg.audit.rule"
        ]._captured_models() or not self.env.user.has_group(
            "mfg_audit_trail.group_auditor"
        ):
            return bindings
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mfg_audit_trail.mfg_audit_timeline_action"
        )
        offered = {name: action[name] for name in ("id", "name", "binding_view_types")}
        return {**bindings, "action": [*bindings.get("action", ()), offered]}
