from collections import defaultdict

from odoo import _, api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.osv.expression import AND
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

_PENDING = "mfg_integration_plant.triggered"


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
        domain="[('model_id', '=', model_id), ('store', '=', True), "
        "('ttype', 'in', ('selection', 'char', 'boolean'))]",
        help="The field whose change sends the message.",
    )
    value = fields.Char(
        string="Becomes",
        required=True,
        tracking=True,
        help="Technical value, such as confirmed; several with commas between them.",
    )
    filter_domain = fields.Char(
        string="Only If",
        default="[]",
        required=True,
        tracking=True,
        help="Condition that the document has to meet at the end of the transaction.",
    )
    line_ids = fields.One2many(
        "mfg.integration.trigger.line",
        "trigger_id",
        help="What the message says. Leave it empty for messages that come with the "
        "module: they know their content.",
    )
    active = fields.Boolean(default=True, tracking=True)

    @api.constrains("model_id", "field_id", "value", "filter_domain", "interface_id")
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
            field = model._fields.get(trigger.field_id.name)
            if (
                trigger.field_id.model_id != trigger.model_id
                or field is None
                or not field.store
                or field.type not in ("selection", "char", "boolean")
                or field.translate
            ):
                raise ValidationError(
                    _(
                        "Trigger %(name)s: “When” has to be a stored selection, text or "
                        "yes/no field of %(kind)s.",
                        name=trigger.name,
                        kind=trigger.model_id.name,
                    )
                )
            trigger._check_values(field)
            trigger._check_filter(model)
            if trigger.interface_id.direction != "outbound":
                raise ValidationError(
                    _(
                        "Trigger %(name)s: interface %(interface)s takes messages in. "
                        "Choose an outbound one.",
                        name=trigger.name,
                        interface=trigger.interface_id.name,
                    )
                )
            if not trigger.line_ids and not hasattr(model, "_mfg_integration_payload"):
                raise ValidationError(
                    _(
                        "Trigger %(name)s: say what the message contains; nothing does "
                        "it for %(kind)s.",
                        name=trigger.name,
                        kind=trigger.model_id.name,
                    )
                )

    def _check_values(self, field):
        self.ensure_one()
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

    def _domain(self):
        self.ensure_one()
        return safe_eval(self.filter_domain or "[]", {"uid": self.env.uid})

    @api.model
    @tools.ormcache()
    def _watched(self):
        """Return model → names of the fields that triggers look at."""
        watched = defaultdict(set)
        # sudo: whoever changes a document need not see the triggers
        for trigger in self.sudo().search([]):  # pylint: disable=no-search-all
            watched[trigger.model].add(trigger.field_id.name)
        return {model: frozenset(names) for model, names in watched.items()}

    @api.model
    @tools.ormcache("model")
    def _rules(self, model):
        """Return [(trigger id, field, values as PostgreSQL writes them), …] of a model."""
        # sudo: as above
        triggers = self.sudo().search([("model", "=", model)])
        return [
            (
                trigger.id,
                trigger.field_id.name,
                [_text(value) for value in trigger._values()],
            )
            for trigger in triggers
        ]

    @api.model
    def _note_changes(self, records, vals):
        """Remember the records whose watched fields are about to become what a trigger
        waits for, and were not before; one statement for any number of records.

        :param dict vals: field → value it becomes
        """
        for trigger_id, field, values in self._rules(records._name):
            if field in vals and _text(vals[field]) in values:
                self._remember(trigger_id, self._select(records, field, values, False))

    @api.model
    def _note_created(self, records, watched):
        """Remember records that are created as what a trigger waits for."""
        for trigger_id, field, values in self._rules(records._name):
            if field in watched:
                self._remember(trigger_id, self._select(records, field, values, True))

    @api.model
    def _select(self, records, field, values, met):
        """Return the ids of the records whose field has one of the values in the database,
        or has none of them."""
        query = SQL(
            "SELECT id FROM %s WHERE id IN %s AND (%s::varchar = ANY(%s)) IS %s TRUE",
            SQL.identifier(records._table),
            tuple(records.ids),
            SQL.identifier(field),
            values,
            SQL("") if met else SQL("NOT"),
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
        # sudo: who changes a document need not see what its message tells
        triggers = self.sudo().browse(pending).exists().sorted()
        for trigger in triggers.filtered("active"):
            trigger._send(pending[trigger.id])

    def _send(self, ids):
        """Emit the message of this trigger for the records that still meet it."""
        self.ensure_one()
        code, name = self.interface_id.code, self.field_id.name
        values = {_text(value) for value in self._values()}
        # What was rolled back to a savepoint, or went on to another state, meets it no more.
        records = self.env[self.model].search(
            AND([[("id", "in", list(ids))], self._domain()]), order="id"
        )
        interfaces = self.env["mfg.integration.interface"]
        for record in records:
            company = record.company_id if "company_id" in record else self.env.company
            if (
                _text(record[name]) in values
                and (not self.company_id or company == self.company_id)
                and interfaces._has_subscribers(code, company)
            ):
                payload = self.line_ids._payload(record) if self.line_ids else None
                self.env["mfg.integration.event"].emit(code, record, payload=payload)


def _text(value):
    """Return a value as PostgreSQL writes it."""
    text = str(value)
    return text.lower() if text in ("True", "False") else text
