from odoo import _, models
from odoo.exceptions import UserError


class MfgIntegrationHandlerMaster(models.AbstractModel):
    """Master data of a system that is the system of record for it."""

    _name = "mfg.integration.handler.master"
    _inherit = "mfg.integration.handler.plant"
    _description = "Handler of Master Data"
    _conversation = "master"

    #: kind of name, see ``messages/names.py``
    _kind = None
    #: field that holds our own code
    _code_field = None
    #: name in the message → field, for values that are written as they come
    _plain = {}
    #: names in the message without which nothing new is created
    _needed = ("name",)

    def _ordering_key(self, payload):
        """Changes of one record stay in order."""
        code = payload.get("code")
        return code if isinstance(code, str) else ""

    def _handle(self, payload, message):
        """Create or change the record; what the message does not name stays.

        :return: ``{"code", "created", "changed"}``: names of the fields that are other now
        :raises UserError: Odoo is the system of record, a name is not known, a new record
            lacks a value, Odoo's own refusals
        """
        role = self._role(message)
        code = payload["code"]
        record = self._known_record(code, message)
        values = self._values(payload, record, message)
        created = not record
        if created:
            record = self._create_record(payload, values, role)
            changed = sorted(values)
        else:
            self._check_scope(record, role)
            changed = self._write_changes(record, values)
        message.link(record)
        return {"code": code, "created": created, "changed": changed}

    def _role(self, message):
        # sudo: the system is the one that the message came from
        system = self.env["mfg.integration.system"].sudo().browse(message.system_id)
        if system.master_role == "odoo":
            raise UserError(
                _(
                    "Odoo is the system of record: what %(system)s sends about master data "
                    "is not taken over. Change it in Odoo, or set “Master Data They Report” "
                    "of the system.",
                    system=system.name,
                )
            )
        return system.master_role

    def _known_record(self, code, message):
        # What is archived is known, too, and may come back.
        handler = self.with_context(active_test=False)
        found = handler._names(message).known(self._kind, {code}).get(code)
        model = self._records()
        return model.browse(found.ids) if found else model

    def _records(self):
        """Return the model, in the language of the source terms."""
        raise NotImplementedError

    def _values(self, payload, record, message):
        """Return field → value of what the message names."""
        return {
            field: False if payload[name] in (None, "") else payload[name]
            for name, field in self._plain.items()
            if name in payload
        }

    def _check_scope(self, record, role):
        if role != "shared" and not record.company_id:
            raise UserError(
                _(
                    "%(record)s is shared by all companies, and the system reports about "
                    "its own company only. Give it to the company, or have “Master Data "
                    "They Report” say that shared records are theirs.",
                    record=record.display_name,
                )
            )

    def _create_record(self, payload, values, role):
        missing = [name for name in self._needed if not payload.get(name)]
        if missing:
            raise UserError(
                _(
                    "“%(code)s” is new here, and the message does not say: %(names)s. Have "
                    "it sent with them, or add the code to the Cross References.",
                    code=payload["code"],
                    names=", ".join(missing),
                )
            )
        company = False if role == "shared" else self.env.company.id
        return self._records().create(
            {**values, self._code_field: payload["code"], "company_id": company}
        )

    def _write_changes(self, record, values):
        """Write what is other than before; returns the names of its fields."""
        changes = self._other(record, values)
        if changes:
            self._check_changes(record, changes)
            record.write(changes)
        return sorted(changes)

    def _other(self, record, values):
        """Return those of the values that the record does not have."""
        return {
            field: value
            for field, value in values.items()
            if self._written(record, field) != value
        }

    def _written(self, record, field):
        """Return a value of a record as it would be written."""
        return record._fields[field].convert_to_write(record[field], record)

    def _item_key(self, name):
        """Return what messages wait for that name an item which is not known yet."""
        return f"item,{self.env.company.id},{name}"

    def _check_changes(self, record, changes):
        """Refuse what Odoo's forms warn about only."""
