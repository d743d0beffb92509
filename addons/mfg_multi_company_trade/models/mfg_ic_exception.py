from odoo import _, api, fields, models
from odoo.exceptions import UserError


class MfgIcException(models.Model):
    """An order that waits for its price is put right where its owner finds it."""

    _inherit = "mfg.ic.exception"

    takes_prices = fields.Boolean(
        compute="_compute_takes_prices",
        help="The buyer may settle it by approving the order at the agreed prices.",
    )

    @api.depends("kind", "step", "res_model", "state", "buyer_company_id")
    @api.depends_context("allowed_company_ids")
    def _compute_takes_prices(self):
        for exception in self:
            exception.takes_prices = (
                exception._waits_for_price()
                and exception.buyer_company_id in self.env.companies
            )

    def _waits_for_price(self):
        """Whether it is about an order that the seller has not got for its price."""
        self.ensure_one()
        return (
            self.state == "open"
            and self.kind == "price"
            and self.res_model == "purchase.order"
            and self.step == "order"
        )

    def action_take_prices(self):
        """Approve the order anew, at the agreed prices, with the rights of the user.

        :raises UserError: it is about something else
        :raises AccessError: the user may not write the order
        """
        for exception in self:
            if not exception._waits_for_price():
                raise UserError(
                    _(
                        "%(exception)s is not about the price of an order.",
                        exception=exception.name,
                    )
                )
            self.env["purchase.order"].browse(
                exception.res_id
            ).action_mfg_ic_take_prices()
