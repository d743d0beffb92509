from odoo import _, models
from odoo.exceptions import UserError

from ..messages import names

LABELS = {"in_invoice": lambda: _("Bill"), "in_refund": lambda: _("Credit note")}


class MfgIntegrationHandlerBill(models.AbstractModel):
    """What the messages about vendors' bills and credit notes share."""

    _name = "mfg.integration.handler.bill"
    _inherit = "mfg.integration.handler.purchase"
    _description = "Handler of Vendor Bills and Credit Notes"

    def _entered(self, kind, number, vendor, company):
        """Return what was entered of a vendor under his number, by a message or by hand.

        :param str kind: ``in_invoice`` or ``in_refund``
        """
        return self.env["account.move"].search(
            [
                ("move_type", "=", kind),
                ("commercial_partner_id", "=", vendor.commercial_partner_id.id),
                ("ref", "=", number),
                ("company_id", "=", company.id),
                ("state", "!=", "cancel"),
            ]
        )

    def _check_new(self, kind, number, vendor, company):
        """Refuse what was entered under another message or by hand."""
        if existing := self._entered(kind, number, vendor, company)[:1]:
            raise UserError(
                _(
                    "%(document)s %(number)s of %(vendor)s is in Odoo already as "
                    "%(existing)s. Give the message up, or cancel that one first.",
                    document=LABELS[kind](),
                    number=number,
                    vendor=vendor.commercial_partner_id.display_name,
                    existing=existing.display_name,
                )
            )

    def _check_currency(self, kind, payload, currency, origin):
        """Refuse another currency than that of what gives the prices.

        :param str kind: ``in_invoice`` or ``in_refund``
        :param str origin: what gives them
        """
        if payload["currency"] != currency.name:
            raise UserError(
                _(
                    "%(document)s %(number)s is in %(theirs)s, %(origin)s in %(ours)s. Have "
                    "the vendor correct it.",
                    document=LABELS[kind](),
                    number=payload["number"],
                    theirs=payload["currency"],
                    origin=origin,
                    ours=currency.name,
                )
            )

    def _check_control(self, payload, move, origin):
        """Compare what the vendor counted with what Odoo makes of it.

        :param str origin: what gave prices and taxes, for the refusal
        """
        made = {
            "lines": len(payload["lines"]),
            "untaxed": move.amount_untaxed,
            "tax": move.amount_tax,
            "total": move.amount_total,
        }
        for name, total in made.items():
            announced = names.amount(payload["control"][name], name)
            if move.currency_id.compare_amounts(announced, total):
                raise UserError(
                    _(
                        "Control total “%(name)s” of %(number)s says %(announced)s, lines "
                        "and taxes of %(origin)s make %(total)s. Nothing was entered. Have "
                        "the vendor correct it; if %(origin)s is wrong, correct that and "
                        "process the message again.",
                        name=name,
                        number=payload["number"],
                        announced=announced,
                        origin=origin,
                        total=total,
                    )
                )
