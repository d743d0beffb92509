from collections import defaultdict

from odoo import _, api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.osv.expression import AND
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from .mfg_integration_told_mixin import declared

_PENDING = "mfg_integration_plant.triggered"
#: the value of a trigger that waits for any change
_ANY = "*"
_KINDS = ("selection", "char", "boolean")
_KINDS_ANY = (*_KINDS, "integer", "float", "monetary", "date", "datetime", "many2one")
_WATCHABLE = (
    "[('model_id', '=', model_id), ('store', '=', True), "
    f"('ttype', 'in', {_KINDS_ANY})]"
)


class MfgIntegrationTrigger(models.Model):
    """Which change of a document sends a message: a record, no code."""

    _name = "mfg.integration.trigger"
    _description = "Message Trigger"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True, translate=True)
    sequence = fields.Integer(default=10)
    interface_id = fields.Many2one(
        "mfg.integration.interface",
        required=True,
        ondelete="cascade",
        index=True,
        tracking=True,
        check_company=True,
        domain="[('direction', '=', 'outbound')]",
        help="What is sent. Nothing is, where no endpoint is subscribed for the company "
        "of the document.",
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        tracking=True,
        help="Empty: documents of every company.",
    )
    model_id = fields.Many2one(
        "ir.model",
        string="Document",
        required=True,
        ondelete="cascade",
        tracking=True,
        domain=[("transient", "=", False)],
    )
    model = fields.Char(related="model_id.model", store=True)
    field_id = fields.Many2one(
        "ir.model.fields",
        string="When",
        required=True,
        ondelete="cascade",
        tracking=True,
        domain=_WATCHABLE,
        help="The field whose change sends the message.",
    )
    value = fields.Char(
        string="Becomes",
        required=True,
        tracking=True,
        help="Technical value, such as confirmed; several with commas between them. "
        "* stands for any change, and for new records.",
    )
    more_field_ids = fields.Many2many(
        "ir.model.fields",
        string="Or When",
        domain=_WATCHABLE,
        help="Further fields of the document whose change sends the same message; for any "
        "change (*) only.",
    )
    about_field_id = fields.Many2one(
        "ir.model.fields",
        string="Told About",
        ondelete="cascade",
        tracking=True,
        domain="[('model_id', '=', model_id), "
        "('ttype', 'in', ('many2one', 'one2many'))]",
        help="Leads from what changes, such as a line, to what the message is about. "
        "Empty: the message is about what changes.",
    )
    filter_domain = fields.Char(
        string="Only If",
        default="[]",
        required=True,
        tracking=True,
        help="Condition that what changed has to meet at the end of the transaction.",
    )
    line_ids = fields.One2many(
        "mfg.integration.trigger.line",
        "trigger_id",
        help="What the message says. Leave it empty for messages that come with the "
        "module: they know their content.",
    )
    active = fields.Boolean(default=True, tracking=True)

    @api.constrains(
        "model_id",
        "field_id",
        "more_field_ids",
        "about_field_id",
        "value",
        "filter_domain",
        "interface_id",
    )
    def _check_usable(self):
        for trigger in self:
            model = self.env.get(trigger.model)
            if model is None or model._abstract or not model._auto or model._transient:
                raise ValidationError(
                    _(
                        "Trigger %(name)s: documents of the kind “%(kind)s” are not kept "
                        "in a table of their own. Choose another kind.",
                        name=trigger.name,
                        kind=trigger.model_id.name,
                    )
                )
            for watched in trigger.field_id | trigger.more_field_ids:
                trigger._check_field(model, watched)
            if trigger.more_field_ids and not trigger._any():
                raise ValidationError(
                    _(
                        "Trigger %(name)s: “Or When” is for any change only. Write * into "
                        "“Becomes”, or make one trigger per field.",
                        name=trigger.name,
                    )
                )
            trigger._check_values(model._fields[trigger.field_id.name])
            trigger._check_filter(model)
            told = trigger._check_about(model)
            if trigger.interface_id.direction != "outbound":
                raise ValidationError(
                    _(
                        "Trigger %(name)s: interface %(interface)s takes messages in. "
                        "Choose an outbound one.",
                        name=trigger.name,
                        interface=trigger.interface_id.name,
                    )
                )
            if not trigger.line_ids and not trigger._is_known_message(model, told):
                raise ValidationError(
                    _(
                        "Trigger %(name)s: say what the message contains; nothing does "
                        "it for %(kind)s.",
                        name=trigger.name,
                        kind=told._description,
                    )
                )

    def _check_field(self, model, watched):
        self.ensure_one()
        field = model._fields.get(watched.name)
        if (
            watched.model_id != self.model_id
            or field is None
            or not field.store
            or field.type not in (_KINDS_ANY if self._any() else _KINDS)
            or (field.translate and not self._any())
        ):
            raise ValidationError(
                _(
                    "Trigger %(name)s: “When” has to be a stored selection, text or "
                    "yes/no field of %(kind)s; for any change (*) also a number, a date "
                    "or a relation.",
                    name=self.name,
                    kind=self.model_id.name,
                )
            )

    def _check_about(self, model):
        """Return the empty recordset of what the message is about."""
        self.ensure_one()
        if not self.about_field_id:
            return model
        field = model._fields.get(self.about_field_id.name)
        if (
            self.about_field_id.model_id != self.model_id
            or field is None
            or field.type not in ("many2one", "one2many")
        ):
            raise ValidationError(
                _(
                    "Trigger %(name)s: “Told About” has to be a field of %(kind)s that leads "
                    "to documents.",
                    name=self.name,
                    kind=self.model_id.name,
                )
            )
        return self.env[field.comodel_name]

    def _is_known_message(self, model, told):
        """Tell whether code makes the message, of what changes or of what it is about."""
        self.ensure_one()
        code = self.interface_id.code
        if code in declared(model, "_mfg_collections"):
            return True
        if hasattr(told, "_mfg_messages"):
            return code in declared(told, "_mfg_messages")
        return hasattr(told, "_mfg_integration_payload")

    def _check_values(self, field):
        self.ensure_one()
        if self._any():
            return
        if field.type == "selection":
            known = set(field.get_values(self.env))
        elif field.type == "boolean":
            known = {"True", "False"}
        else:
            return
        unknown = set(self._values()) - known
        if unknown or not self._values():
            raise ValidationError(
                _(
                    "Trigger %(name)s: “%(field)s” never becomes “%(value)s”. It may "
                    "become: %(known)s.",
                    name=self.name,
                    field=self.field_id.field_description,
                    value=", ".join(sorted(unknown)) or self.value,
                    known=", ".join(sorted(known)),
                )
            )

    def _check_filter(self, model):
        self.ensure_one()
        try:
            model.search(self._domain(), limit=1)
        except Exception as error:
            raise ValidationError(
                _(
                    "Trigger %(name)s: “Only If” cannot be used: %(cause)s",
                    name=self.name,
                    cause=error,
                )
            ) from error

    @api.model_create_multi
    def create(self, vals_list):
        """Forget which fields are watched."""
        triggers = super().create(vals_list)
        self.env.registry.clear_cache()
        return triggers

    def write(self, vals):
        """Forget which fields are watched."""
        res = super().write(vals)
        self.env.registry.clear_cache()
        return res

    def unlink(self):
        """Forget which fields are watched."""
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    def _values(self):
        self.ensure_one()
        return [part.strip() for part in self.value.split(",") if part.strip()]

    def _fields_watched(self):
        """Return the names of the fields whose change counts."""
        return (self.field_id | self.more_field_ids).mapped("name")

    def _any(self):
        """Tell whether any change counts."""
        self.ensure_one()
        return self.value.strip() == _ANY

    def _domain(self):
        self.ensure_one()
        return safe_eval(self.filter_domain or "[]", {"uid": self.env.uid})

    @api.model
    @tools.ormcache()
    def _watched(self):
        """Return model → names of the fields that triggers look at."""
        watched = defaultdict(set)
        # sudo: whoever changes a document need not see the triggers. Without the caller's
        # context: what it asks for would be kept for everybody.
        triggers = self.with_env(self.env(context={})).sudo()
        for trigger in triggers.search([]):  # pylint: disable=no-search-all
            watched[trigger.model].update(trigger._fields_watched())
        return {model: frozenset(names) for model, names in watched.items()}

    @api.model
    @tools.ormcache("model")
    def _rules(self, model):
        """Return [(trigger id, interface code, field, values), …] of a model.

        The values are as PostgreSQL writes them, or None for any change.
        """
        # sudo: as above
        triggers = (
            self.with_env(self.env(context={})).sudo().search([("model", "=", model)])
        )
        return [
            (
                trigger.id,
                trigger.interface_id.code,
                field,
                None
                if trigger._any()
                else [_text(value) for value in trigger._values()],
            )
            for trigger in triggers
            for field in trigger._fields_watched()
        ]

    @api.model
    def _note_changes(self, records, vals):
        """Remember the records whose watched fields are about to become what a trigger
        waits for, and were not before; one statement for any number of records.

        :param dict vals: field → value it becomes
        """
        for trigger_id, code, field, values in self._rules(records._name):
            if field not in vals or not self._is_heard(code):
                continue
            if values is None:
                self._remember(
                    trigger_id, self._select_other(records, field, vals[field])
                )
            elif _text(vals[field]) in values:
                self._remember(trigger_id, self._select(records, field, values, False))

    @api.model
    def _note_created(self, records, watched):
        """Remember records that are created as what a trigger waits for."""
        for trigger_id, code, field, values in self._rules(records._name):
            if field not in watched or not self._is_heard(code):
                continue
            if values is None:
                self._remember(trigger_id, records.ids)
            else:
                self._remember(trigger_id, self._select(records, field, values, True))

    @api.model
    def _is_heard(self, code):
        """Tell whether any company has somebody told, from a cache."""
        route = self.env["mfg.integration.interface"]._route(code)
        return bool(route and any(route["endpoints"].values()))

    @api.model
    def _select(self, records, field, values, met):
        """Return the ids of the records whose field has one of the values in the database,
        or has none of them."""
        return self._select_where(
            records,
            SQL(
                "(%s::varchar = ANY(%s)) IS %s TRUE",
                SQL.identifier(field),
                values,
                SQL("") if met else SQL("NOT"),
            ),
        )

    @api.model
    def _select_other(self, records, name, value):
        """Return the ids of the records whose field is another in the database."""
        field = records._fields[name]
        if field.translate:
            condition = SQL("(%s @> %s) IS NOT TRUE", SQL.identifier(name), value)
        else:
            condition = SQL(
                "%s IS DISTINCT FROM %s::%s",
                SQL.identifier(name),
                value,
                SQL(field.column_type[0]),
            )
        return self._select_where(records, condition)

    @api.model
    def _select_where(self, records, condition):
        query = SQL(
            "SELECT id FROM %s WHERE id IN %s AND %s",
            SQL.identifier(records._table),
            tuple(records.ids),
            condition,
        )
        self.env.cr.execute(query.code, query.params)
        return [record_id for (record_id,) in self.env.cr.fetchall()]

    @api.model
    def _remember(self, trigger_id, ids):
        if not ids:
            return
        precommit = self.env.cr.precommit
        if _PENDING not in precommit.data:
            precommit.data[_PENDING] = defaultdict(set)
            precommit.add(self.browse()._send_pending)
        precommit.data[_PENDING][trigger_id].update(ids)

    @api.model
    def _send_pending(self):
        """Emit what the transaction has triggered, at its end."""
        pending = self.env.cr.precommit.data.pop(_PENDING, {})
        # sudo: who changes a document need not see what its message tells. The caller's
        # context must not change it: computed fields follow keys such as a location.
        triggers = (
            self.with_env(self.env(context={})).sudo().browse(pending).exists().sorted()
        )
        told = set()
        for trigger in triggers.filtered("active"):
            trigger._send(pending[trigger.id], told)

    def _send(self, ids, told):
        """Emit the message of this trigger for the records that still meet it.

        :param set told: what other triggers of the transaction have sent: several changes
            of one document make one message
        """
        self.ensure_one()
        code = self.interface_id.code
        records = self._met(ids)
        collect = declared(records, "_mfg_collections").get(code)
        if collect and not self.line_ids:
            self._send_collected(collect, records, told)
            return
        for record in records:
            payload = self.line_ids._payload(record) if self.line_ids else None
            for company in self._audience(record):
                key = (code, record, company)
                if payload is None and key in told:
                    continue
                told.add(key)
                self.env["mfg.integration.event"].with_company(company).emit(
                    code, record.with_company(company), payload=payload
                )

    def _send_collected(self, collect, records, told):
        """Emit the messages that sum up all the records; see ``_mfg_collections``."""
        code = self.interface_id.code
        for record, company, payload, key in collect(records, self._is_told_in):
            if (code, key) in told:
                continue
            told.add((code, key))
            self.env["mfg.integration.event"].with_company(company).emit(
                code, record.with_company(company), payload=payload, key=key
            )

    def _met(self, ids):
        """Return what the messages about these records are about, in order."""
        name, any_value = self.field_id.name, self._any()
        values = {_text(value) for value in self._values()}
        # What was rolled back to a savepoint, or went on to another state, meets it no more.
        records = self.env[self.model].with_context(active_test=False)
        records = records.search(
            AND([[("id", "in", list(ids))], self._domain()]), order="id"
        )
        if not any_value:
            records = records.filtered(lambda record: _text(record[name]) in values)
        if self.about_field_id:
            records = records.mapped(self.about_field_id.name).sorted("id")
        return records.with_env(self.env)

    def _audience(self, record):
        """Return the companies in which the message is told and somebody listens.

        What companies share is told in each of them.
        """
        if "company_id" not in record:
            companies = self.env.company
        elif not (companies := record.company_id):
            route = self.env["mfg.integration.interface"]._route(self.interface_id.code)
            companies = self.env["res.company"].browse(sorted(route["endpoints"]))
        return companies.filtered(self._is_told_in)

    def _is_told_in(self, company):
        """Tell whether the message is for a company, and somebody listens there."""
        return self.company_id in (
            company,
            self.env["res.company"],
        ) and self.env["mfg.integration.interface"]._has_subscribers(
            self.interface_id.code, company
        )


def _text(value):
    """Return a value as PostgreSQL writes it."""
    text = str(value)
    return text.lower() if text in ("True", "False") else text
