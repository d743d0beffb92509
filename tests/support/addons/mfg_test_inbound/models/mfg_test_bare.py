from odoo import fields, models


class MfgTestBare(models.Model):
    """The rows of the bare route."""

    _name = "mfg.test.bare"
    _description = "Row of the Bare Route"
    _log_access = False

    key = fields.Char(required=True)
    body = fields.Text()

    _sql_constraints = [("key_uniq", "unique(key)", "This key is taken.")]
