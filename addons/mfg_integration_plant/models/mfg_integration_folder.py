import json

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.mfg_integration_queue.engine.file_pickup import UnusableFile

from ..messages import table


class MfgIntegrationFolder(models.Model):
    _inherit = "mfg.integration.folder"

    file_format = fields.Selection(
        selection_add=[("table", "Lines of columns (CSV, fixed width)")],
        ondelete={"table": "set default"},
    )
    layout_id = fields.Many2one(
        "mfg.integration.file.layout",
        ondelete="restrict",
        check_company=True,
        tracking=True,
        domain="[('interface_id', '=', interface_id)]",
        help="Which column goes where in the message.",
    )

    @api.constrains("file_format", "layout_id", "interface_id")
    def _check_layout(self):
        for folder in self:
            if folder.file_format != "table":
                continue
            if not folder.layout_id:
                raise ValidationError(
                    _(
                        "Folder %(path)s: choose the layout of its files.",
                        path=folder.path,
                    )
                )
            if folder.layout_id.interface_id != folder.interface_id:
                raise ValidationError(
                    _(
                        "Folder %(path)s: layout %(layout)s makes messages of another "
                        "interface.",
                        path=folder.path,
                        layout=folder.layout_id.name,
                    )
                )

    def _split_table(self, data):
        """Return [(line number, body), …] of a file of columns.

        What has a key of its own travels as a CloudEvent: it has its effect once, whatever
        the file is called.

        :raises UnusableFile: a line is not as the layout says
        """
        try:
            found = table.messages(self.layout_id._plan(), data)
        except table.BadTable as error:
            raise UnusableFile(str(error)) from error
        return [
            (number, json.dumps(self._event(key, payload) if key else payload).encode())
            for number, key, payload in found
        ]

    def _event(self, key, payload):
        return {
            "specversion": "1.0",
            "id": key,
            "source": f"/file/{self.system_id.code}/{self.interface_id.code}",
            "type": f"mfg.{self.interface_id.code}",
            "data": payload,
        }
