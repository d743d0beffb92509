import math
from decimal import Decimal

from odoo import _, models
from odoo.exceptions import UserError

from ..messages import names


class MfgIntegrationHandlerFinanceJournal(models.AbstractModel):
    """A journal entry of the local accounting, whole or not at all."""

    _name = "mfg.integration.handler.finance.journal"
    _inherit = "mfg.integration.handler.plant"
    _description = "Handler of finance.journal"
    _message_type = "finance.journal"

    def _ordering_key(self, payload):
        """Entries of one journal are posted one after the other."""
        journal = payload.get("journal")
        return journal if isinstance(journal, str) else ""

    def _handle(self, payload, message):
        """Post one journal entry in the currency of the company.

        :return: ``{"entry", "total"}``
        :raises UserError: the control totals differ from the lines, the entry does not
            balance or exists already, its period is closed, or a name is not known
        """
        self._check_control(payload)
        journal, accounts, partners = self._known(payload, message)
        self._check_new(payload, journal)
        day = names.day(payload["date"])
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": day,
                "ref": payload["reference"],
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "account_id": accounts[line["account"]].id,
                            "partner_id": partners[line["partner"]].id
                            if line.get("partner")
                            else False,
                            "name": line.get("label") or payload["reference"],
                            "debit": line.get("debit", 0),
                            "credit": line.get("credit", 0),
                        },
                    )
                    for line in payload["lines"]
                ],
            }
        )
        entry.action_post()
        if entry.state != "posted" or entry.date != day:
            raise UserError(
                _(
                    "Entry %(reference)s cannot be posted on %(day)s: the period is closed "
                    "or the journal keeps it as a draft.",
                    reference=payload["reference"],
                    day=day,
                )
            )
        message.link(entry)
        return {"entry": entry.name, "total": entry.amount_total_signed}

    def _check_control(self, payload):
        """Compare lines and control totals to the last cent, before anything is made."""
        currency = self.env.company.currency_id
        lines, control = payload["lines"], payload["control"]
        sums = {}
        for side in ("debit", "credit"):
            values = [line.get(side, 0) for line in lines]
            for value in values:
                names.amount(value, side)
                if value < 0:
                    raise UserError(
                        _(
                            "A %(side)s of %(value)s is below zero: put it on the other "
                            "side.",
                            side=side,
                            value=value,
                        )
                    )
                if not math.isclose(currency.round(value), value, rel_tol=1e-12):
                    raise UserError(
                        _(
                            "%(value)s is finer than %(currency)s can be.",
                            value=value,
                            currency=currency.name,
                        )
                    )
            sums[side] = sum((Decimal(repr(value)) for value in values), Decimal(0))
        sums["lines"] = Decimal(len(lines))
        for name, total in sums.items():
            announced = Decimal(repr(control[name]))
            if announced != total:
                raise UserError(
                    _(
                        "Control total “%(name)s” of %(reference)s says %(announced)s, the "
                        "lines make %(total)s. Nothing was posted. Have the sender correct "
                        "it and send it again.",
                        name=name,
                        reference=payload["reference"],
                        announced=announced,
                        total=total,
                    )
                )
        if sums["debit"] != sums["credit"]:
            raise UserError(
                _(
                    "%(reference)s does not balance: debit %(debit)s, credit %(credit)s.",
                    reference=payload["reference"],
                    **{side: sums[side] for side in ("debit", "credit")},
                )
            )

    def _known(self, payload, message):
        known = self._names(message)
        lines = payload["lines"]
        journal = known.find("journal", {payload["journal"]})[payload["journal"]]
        accounts = known.find("account", {line["account"] for line in lines})
        partners = known.find(
            "partner", {line["partner"] for line in lines if line.get("partner")}
        )
        return journal.with_env(self.env), accounts, partners

    def _check_new(self, payload, journal):
        """Refuse an entry that was posted under another message."""
        existing = self.env["account.move"].search(
            [
                ("journal_id", "=", journal.id),
                ("ref", "=", payload["reference"]),
                ("state", "!=", "cancel"),
            ],
            limit=1,
        )
        if existing:
            raise UserError(
                _(
                    "%(reference)s is in Odoo already as %(entry)s. Give the message up, or "
                    "cancel that entry first.",
                    reference=payload["reference"],
                    entry=existing.name,
                )
            )
