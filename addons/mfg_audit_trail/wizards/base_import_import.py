from odoo import models

from ..engine import context, observation

#: messages about rows that are kept of an import that failed
ROWS = 20


class BaseImportImport(models.TransientModel):
    _inherit = "base_import.import"

    def execute_import(self, fields, columns, options, dryrun=False):
        """Attribute what is loaded to its file, and record an import that failed.

        :param fields: names of fields, one per column
        :param columns: titles of the columns
        :param dict options: how the file is read
        :param bool dryrun: only try
        """
        self.ensure_one()
        # Odoo lets everybody work with everybody's wizard; a name that somebody else gave
        # says nothing of what this user imports.
        own = self.create_uid == self.env.user
        with context.importing(self.file_name if own else None):
            result = super().execute_import(fields, columns, options, dryrun=dryrun)
        errors = [
            each for each in result.get("messages", ()) if each.get("type") == "error"
        ]
        if errors and not dryrun and self.res_model in self.env:
            observation.observe(
                self.env,
                "M",
                self.res_model,
                company=self.env.company.id,
                file=own and self.file_name,
                rows=self._audit_lines(errors, bool(options.get("has_headers"))),
                message=[each.get("message", "") for each in errors[:ROWS]],
            )
        return result

    def _audit_lines(self, messages, headed):
        """Numbers of the lines of the file that messages are about."""
        found = set()
        for message in messages:
            rows = message.get("rows") or {}
            first = rows.get("from", message.get("record"))
            if first is not None:
                found.update(range(first, rows.get("to", first) + 1))
        return [row + headed + 1 for row in sorted(found)]
