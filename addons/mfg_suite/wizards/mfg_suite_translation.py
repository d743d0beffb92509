import json

from odoo import Command, _, api, fields, models


class MfgSuiteTranslation(models.TransientModel):
    """Adds the translations that a message lacks, and tries the message again."""

    _name = "mfg.suite.translation"
    _description = "Missing Translations"

    letter_id = fields.Many2one("mfg.integration.dead", readonly=True)
    inbound_id = fields.Many2one("mfg.integration.inbox.exception", readonly=True)
    subject = fields.Char("Message", compute="_compute_subject")
    system_id = fields.Many2one("mfg.integration.system", readonly=True)
    line_ids = fields.One2many("mfg.suite.translation.line", "wizard_id")

    @api.depends("letter_id", "inbound_id")
    def _compute_subject(self):
        for wizard in self:
            wizard.subject = wizard._message().subject

    @api.model
    def _open_for(self, message):
        """Return the action that asks for the translations a message lacks.

        :param message: ``mfg.integration.dead`` or ``mfg.integration.inbox.exception``
        :return: window action; None if adding to value maps would not help
        """
        outbound = message._name == "mfg.integration.dead"
        if outbound:
            version = message.event_id.interface_version_id
            system = message.endpoint_id.system_id
        else:
            version, system = message.interface_version_id, message.system_id
        if not (version and message.payload):
            return None
        unknown = [
            (value_map, value)
            for value_map, value in version._unknown_values(
                system, json.loads(message.payload)
            )
            # Confidential values are hidden in the content: nobody translates a mask.
            if f"“{value}”" in (message._cause() or "")
        ]
        if not unknown:
            return None
        wizard = self.create(
            {
                "letter_id": outbound and message.id,
                "inbound_id": not outbound and message.id,
                "system_id": system.id,
                "line_ids": [
                    Command.create({"map_id": value_map.id, "value": value})
                    for value_map, value in sorted(
                        unknown, key=lambda each: (each[0].name, each[1])
                    )
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": _("Missing Translations"),
            "res_model": self._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_apply(self):
        """Add the translations and try the message again.

        :return: action that tells so
        :raises UserError: it was decided already, or the message cannot be repeated
        :raises ValidationError: a translation is not clear
        """
        self.ensure_one()
        self.env["mfg.integration.value.map.line"].create(
            [line._entry() for line in self.line_ids]
        )
        if self.letter_id:
            return self.letter_id.action_replay()
        return self.inbound_id.action_resubmit()

    def _message(self):
        self.ensure_one()
        return self.letter_id or self.inbound_id
