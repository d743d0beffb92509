from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..messages import table


class MfgIntegrationFileLayout(models.Model):
    """How a contract looks as a file of columns: CSV or fixed width."""

    _name = "mfg.integration.file.layout"
    _description = "File Layout"
    _inherit = ["mail.thread"]
    _order = "name"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    interface_id = fields.Many2one(
        "mfg.integration.interface",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
        domain="[('direction', '=', 'inbound')]",
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: every company may use the layout."
    )
    kind = fields.Selection(
        [("csv", "CSV"), ("fixed", "Fixed width")],
        required=True,
        default="csv",
        tracking=True,
    )
    encoding = fields.Selection(
        [
            ("utf-8-sig", "UTF-8"),
            ("cp1252", "Windows (Western Europe)"),
            ("iso8859-15", "Latin 9"),
        ],
        required=True,
        default="utf-8-sig",
        tracking=True,
    )
    delimiter = fields.Selection(
        [(";", "Semicolon"), (",", "Comma"), ("\t", "Tab"), ("|", "Bar")],
        default=";",
        tracking=True,
    )
    decimal_point = fields.Selection(
        [(".", "Point"), (",", "Comma")], required=True, default=".", tracking=True
    )
    header_lines = fields.Integer(
        string="Lines to Skip",
        default=1,
        tracking=True,
        help="Titles at the beginning of the file.",
    )
    grouping = fields.Selection(
        [
            ("line", "Every line is a message"),
            ("file", "The file is one message, its lines are a list in it"),
        ],
        required=True,
        default="line",
        tracking=True,
    )
    list_name = fields.Char(
        string="Name of the List", default="lines", help="Of the list in the message."
    )
    column_ids = fields.One2many("mfg.integration.file.column", "layout_id")
    active = fields.Boolean(default=True)

    _sql_constraints = [
        (
            "header_not_negative",
            "CHECK(header_lines >= 0)",
            "“Lines to Skip” must not be negative.",
        )
    ]

    @api.constrains("kind", "delimiter", "grouping", "list_name", "column_ids")
    def _check_complete(self):
        for layout in self:
            if layout.kind == "csv" and not layout.delimiter:
                raise ValidationError(
                    _(
                        "Layout %(name)s: say what stands between columns.",
                        name=layout.name,
                    )
                )
            if layout.grouping == "file" and not layout.list_name:
                raise ValidationError(
                    _("Layout %(name)s: name the list of the lines.", name=layout.name)
                )
            if len(layout.column_ids.filtered("is_key")) > 1:
                raise ValidationError(
                    _("Layout %(name)s: one column is the key.", name=layout.name)
                )

    def _plan(self):
        """Return the :class:`..messages.table.Plan` of this layout."""
        self.ensure_one()
        return table.Plan(
            kind=self.kind,
            encoding=self.encoding,
            delimiter=self.delimiter,
            decimal_point=self.decimal_point,
            header_lines=self.header_lines,
            list_name=self.list_name if self.grouping == "file" else None,
            columns=tuple(column._column() for column in self.column_ids),
        )
