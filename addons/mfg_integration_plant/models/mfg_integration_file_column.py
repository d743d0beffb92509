from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.mfg_integration_queue.engine import paths

from ..messages import table


class MfgIntegrationFileColumn(models.Model):
    """One column of a file and where its value goes in the message."""

    _name = "mfg.integration.file.column"
    _description = "Column of a File Layout"
    _order = "layout_id, sequence, id"

    layout_id = fields.Many2one(
        "mfg.integration.file.layout", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="layout_id.company_id", store=True, precompute=True
    )
    kind = fields.Selection(related="layout_id.kind")
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, help="For people, and in reports of bad lines.")
    position = fields.Integer(
        default=1,
        required=True,
        help="CSV: number of the column. Fixed width: number of its first character. "
        "Both from 1.",
    )
    width = fields.Integer(help="Fixed width: how many characters.")
    path = fields.Char(
        string="In the Message",
        help="Names with dots between them, such as quantity.value. Empty: the column is "
        "only looked at as key.",
    )
    value_type = fields.Selection(
        [
            ("text", "Text"),
            ("number", "Number"),
            ("integer", "Whole number"),
            ("date", "Date (YYYYMMDD or YYYY-MM-DD)"),
            ("time", "Time in UTC (YYYYMMDDhhmmss)"),
        ],
        required=True,
        default="text",
    )
    required = fields.Boolean(default=True)
    of_file = fields.Boolean(
        string="Once per File",
        help="Where the file is one message: the value is the message's, and the same in "
        "every line.",
    )
    is_key = fields.Boolean(
        string="Key",
        help="What the sender calls the message. It has its effect once, whatever file it "
        "comes in.",
    )

    _sql_constraints = [
        ("position_positive", "CHECK(position > 0)", "Positions are counted from 1.")
    ]

    @api.constrains("path", "is_key", "width", "layout_id")
    def _check_usable(self):
        for column in self:
            if not column.path and not column.is_key:
                raise ValidationError(
                    _("Column %(name)s goes nowhere: say where.", name=column.name)
                )
            if column.path:
                try:
                    steps = paths.parse(column.path)
                except ValueError as error:
                    raise ValidationError(str(error)) from error
                if paths.EACH in steps:
                    raise ValidationError(
                        _("Column %(name)s: a column fills no list.", name=column.name)
                    )
            if column.layout_id.kind == "fixed" and column.width <= 0:
                raise ValidationError(
                    _("Column %(name)s needs a width.", name=column.name)
                )

    def _column(self):
        self.ensure_one()
        return table.Column(
            name=self.name,
            position=self.position,
            width=self.width,
            path=paths.parse(self.path) if self.path else None,
            value_type=self.value_type,
            required=self.required,
            of_file=self.of_file,
            is_key=self.is_key,
        )
