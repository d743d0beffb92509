from odoo import SUPERUSER_ID, api, models


class Base(models.AbstractModel):
    """Below forms, imports, RPC, server actions and other modules: policies and rules.

    A model that none of them names costs one look-up in a cache.
    """

    _inherit = "base"

    @api.model_create_multi
    def create(self, vals_list):
        guards, rules = self._mfg_data_guards()
        by_steward = any(guard.creation == "steward" for guard in guards)
        if not by_steward and not rules:
            return super().create(vals_list)
        # Taken back even if the caller swallows the refusal.
        with self.env.cr.savepoint():
            records = super().create(vals_list)
            if by_steward:
                self.env["mfg.data.policy"]._check_creation(records, guards)
            if rules:
                self.env["mfg.data.rule"]._check(records)
        return records

    def write(self, vals):
        guards, rules = self._mfg_data_guards()
        if not self or not (guards or rules):
            return super().write(vals)
        policy = self.env["mfg.data.policy"]
        policy._check_write(self, vals, guards)
        entering = [
            guard
            for guard in guards
            if guard.creation == "steward" and guard.filter_fields & set(vals)
        ]
        if not entering and not rules:
            res = super().write(vals)
            policy._pass_on(self, list(vals), guards)
            return res
        # Taken back even if the caller swallows the refusal.
        with self.env.cr.savepoint():
            # Becoming a record of the group is like being created as one.
            outside = [
                self - policy._governed_records(guard, self, "id") for guard in entering
            ]
            res = super().write(vals)
            for guard, records in zip(entering, outside, strict=True):
                policy._check_creation(records, [guard])
            if rules:
                self.env["mfg.data.rule"]._check(self, list(vals))
            policy._pass_on(self, list(vals), guards)
        return res

    def unlink(self):
        guards, _rules = self._mfg_data_guards()
        if guards:
            self.env["mfg.data.policy"]._check_creation(self, guards)
        return super().unlink()

    def _update_field_translations(self, field_name, translations, digest=None):
        # Goes past write.
        guards, _rules = self._mfg_data_guards()
        if guards and field_name in self._fields:
            policy = self.env["mfg.data.policy"]
            for text in translations.values():
                policy._check_write(self, {field_name: str(text)}, guards)
        return super()._update_field_translations(field_name, translations, digest)

    def _mfg_data_guards(self):
        """(data policies, blocking rules) that bind the user of the environment."""
        # Modules are loaded as this user, also before the tables of this one exist.
        if self.env.uid == SUPERUSER_ID:
            return (), ()
        policies = self.env["mfg.data.policy"]
        if self._name not in policies._bound():
            return (), ()
        guards = (
            policies._guards(self._name) if self._name in policies._governed() else ()
        )
        return guards, self.env["mfg.data.rule"]._blocking().get(self._name, ())
