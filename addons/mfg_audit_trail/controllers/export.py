import json

from odoo.http import request

from odoo.addons.web.controllers import export


def observe(data):
    """Record an export before anything of it leaves.

    :param str data: the parameters of the export, as JSON
    """
    wanted = json.loads(data)
    records = request.env[wanted["model"]]
    ids = wanted.get("ids") or records.search(wanted.get("domain") or []).ids
    names = [field["name"] for field in wanted.get("fields", ())]
    records._audit_export(ids, names)


class CSVExport(export.CSVExport):
    def base(self, data):
        """Record the export, then make it."""
        observe(data)
        return super().base(data)


class ExcelExport(export.ExcelExport):
    def base(self, data):
        """Record the export, then make it."""
        observe(data)
        return super().base(data)
