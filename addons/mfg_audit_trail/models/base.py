from lxml import etree

from odoo import api, models

from ..engine import context, observation, refusal


class Base(models.AbstractModel):
    _inherit = "base"

    @api.model_create_multi
    def create(self, vals_list):
        """Attribute what is written; see :mod:`..engine.context`."""
        context.attribute(self.env)
        self.env["mfg.audit.rule"]._check_reason(self, "I")
        if context.REASON_KEY not in self.env.context:
            return super().create(vals_list)
        with context.reason(self.env):
            return super().create(vals_list)

    def write(self, vals):
        """Attribute what is written; see :mod:`..engine.context`."""
        context.attribute(self.env)
        self.env["mfg.audit.rule"]._check_reason(self, "U", vals)
        if context.REASON_KEY not in self.env.context:
            return super().write(vals)
        with context.reason(self.env):
            return super().write(vals)

    def unlink(self):
        """Attribute what is deleted; see :mod:`..engine.context`."""
        context.attribute(self.env)
        self.env["mfg.audit.rule"]._check_reason(self, "D")
        if context.REASON_KEY not in self.env.context:
            return super().unlink()
        with context.reason(self.env):
            return super().unlink()

    @api.model
    def load(self, fields, data):
        """An import is told apart from what else happens on a screen."""
        if not self.pool.ready:
            return super().load(fields, data)
        with context.part(self.env, origin="import", file=context.import_file()):
            return super().load(fields, data)

    def _write(self, vals):
        # What is written late, at a flush after a commit, has its first write here.
        context.attribute(self.env)
        with refusal.explained(self.env):
            return super()._write(vals)

    @api.model
    def _create(self, data_list):
        with refusal.explained(self.env):
            return super()._create(data_list)

    def export_data(self, fields_to_export):
        """Record who took the data away.

        :param fields_to_export: paths of fields
        """
        self._audit_export(self.ids, fields_to_export)
        return super().export_data(fields_to_export)

    def _audit_export(self, ids, names):
        observation.observe(
            self.env,
            "X",
            self._name,
            ids,
            once=self._name,
            company=self.env.company.id,
            fields=names,
        )

    def _read_format(self, fnames, load="_classic_read"):
        # Every way of reading for a screen or another system comes through here.
        if not self.env.su and self:
            if self._name in self.env["mfg.audit.rule"]._read_logged_models():
                observation.observe(
                    self.env,
                    "R",
                    self._name,
                    self.ids,
                    once=self._name,
                    company=self.env.company.id,
                    fields=fnames,
                )
        return super()._read_format(fnames, load)

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        key = super()._get_view_cache_key(view_id, view_type, **options)
        if view_type == "form":
            key += (self._name in self.env["mfg.audit.rule"]._captured_models(),)
        return key

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        # A form without smart buttons has the timeline in its Action menu alone.
        arch, view = super()._get_view(view_id, view_type, **options)
        if (
            view_type == "form"
            and self._name in self.env["mfg.audit.rule"]._captured_models()
        ):
            for box in arch.xpath("//div[@name='button_box'][not(ancestor::field)]"):
                box.append(self._audit_timeline_button())
        return arch, view

    @api.model
    def _audit_timeline_button(self):
        # External ids are no business data.
        action = self.env.ref("mfg_audit_trail.mfg_audit_timeline_action").sudo()
        button = etree.Element(
            "button",
            name=str(action.id),
            type="action",
            icon="fa-history",
            groups="mfg_audit_trail.group_auditor",
            **{"class": "oe_stat_button o_mfg_audit_timeline_button"},
        )
        label = etree.SubElement(button, "span", **{"class": "o_stat_text"})
        label.text = action.name
        return button
