from odoo import api, models

EVERY_FIELD = None


class MfgQualityOwnDefaults(models.AbstractModel):
    """Fields whose first value no caller chooses.

    ``create`` fills what its values leave out from ``default_…`` keys of the context and
    from the user's own defaults. Both belong to the caller, so a guard that looks at the
    values alone would be passed by.
    """

    _name = "mfg.quality.own.defaults"
    _description = "Quality Record With Guarded First Values"

    #: names of the fields, or EVERY_FIELD
    _guarded_defaults = EVERY_FIELD

    @api.model
    def default_get(self, fields_list):
        guarded = set(fields_list)
        if self._guarded_defaults is not EVERY_FIELD:
            guarded &= self._guarded_defaults
        values = super().default_get([n for n in fields_list if n not in guarded])
        for field in map(self._fields.get, guarded):
            if field and field.default:
                first = field.convert_to_cache(field.default(self), self)
                values[field.name] = field.convert_to_write(first, self)
        return values
