from odoo import _, models
from odoo.exceptions import UserError


class MfgIntegrationHandlerQualityResultReported(models.AbstractModel):
    """A laboratory or quality system has inspected a lot."""

    _name = "mfg.integration.handler.quality.result.reported"
    _inherit = "mfg.integration.handler.quality"
    _description = "Handler of quality.result.reported"
    _message_type = "quality.result.reported"

    def _handle(self, payload, message):
        """Fill the inspection with what was found and decide it.

        The verdict follows from our limits; nothing is released by it: what passes is
        proposed, and an approver signs.

        :return: ``{"inspection", "verdict", "hold"}``
        :raises UserError: no inspection is open and no plan fits, a characteristic is not
            known or missing, or the results do not bear the verdict out
        """
        product, lot, _quantity = self._subject(payload, message)
        inspection = self._open_inspection(payload, product, lot)
        for reported in payload["results"]:
            self._enter(inspection, reported)
        inspection.action_decide()
        if inspection.verdict != payload["verdict"]:
            raise UserError(
                _(
                    "The message says “%(told)s”, but by the limits of %(plan)s the results "
                    "mean “%(found)s”. Compare the limits on both sides; then process the "
                    "message again.",
                    told=payload["verdict"],
                    plan=inspection.plan_id.name or inspection.name,
                    found=inspection.verdict,
                )
            )
        if payload.get("reference"):
            inspection.message_post(
                body=_("Reported as %(reference)s.", reference=payload["reference"])
            )
        message.link(inspection)
        return {
            "inspection": inspection.name,
            "verdict": inspection.verdict,
            "hold": inspection.hold_id.name or None,
        }

    def _open_inspection(self, payload, product, lot):
        """Return the inspection meant, or a new one by the plan of the item.

        :raises UserError: it is not open, several are, or no plan says what to look at
        """
        domain = [
            ("company_id", "=", self.env.company.id),
            ("product_id", "=", product.id),
            ("lot_id", "=", lot.id),
            ("state", "=", "open"),
        ]
        if name := payload.get("inspection"):
            domain.append(("name", "=", name))
        inspections = self.env["mfg.quality.inspection"].search(domain)
        if len(inspections) > 1:
            raise UserError(
                _(
                    "Several inspections of %(goods)s are open: %(names)s. Name the one "
                    "that is meant.",
                    goods=self._goods_name(product, lot),
                    names=", ".join(inspections.mapped("name")),
                )
            )
        if inspections:
            return inspections
        if name:
            raise UserError(
                _(
                    "Inspection “%(name)s” of %(goods)s is not open here. It may be decided "
                    "already: then leave its number out, so that another one begins.",
                    name=name,
                    goods=self._goods_name(product, lot),
                )
            )
        plan = self.env["mfg.quality.inspection.plan"]._for(product, self.env.company)
        if not plan:
            raise UserError(
                _(
                    "No inspection of %(goods)s is open, and no inspection plan fits. Add a "
                    "plan for the item; then process the message again.",
                    goods=self._goods_name(product, lot),
                )
            )
        line = self.env["mfg.quality.hold.line"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("state", "=", "active"),
                ("kind", "in", ("lot", "quantity")),
                ("product_id", "=", product.id),
                ("lot_id", "=", lot.id),
            ],
            limit=1,
        )
        if line:  # the hold waits for the verdict
            return line.hold_id._inspect(line, plan=plan)
        return inspections.create(
            {
                "company_id": self.env.company.id,
                "plan_id": plan.id,
                "product_id": product.id,
                "lot_id": lot.id,
            }
        )

    def _goods_name(self, product, lot):
        return f"{product.display_name}, {lot.name}" if lot else product.display_name

    def _enter(self, inspection, reported):
        """Write one reported result into its line of the inspection."""
        unit = reported.get("unit_number", 1)
        result = inspection.result_ids.filtered(
            lambda line: line.name == reported["characteristic"] and line.sample == unit
        )[:1]
        if not result:
            raise UserError(
                _(
                    "%(inspection)s has no characteristic “%(name)s” for unit %(unit)s. It "
                    "has: %(known)s.",
                    inspection=inspection.name,
                    name=reported["characteristic"],
                    unit=unit,
                    known=", ".join(
                        dict.fromkeys(inspection.result_ids.mapped("name"))
                    ),
                )
            )
        name = "value" if result.kind == "measured" else "conforms"
        if reported.get(name) is None:
            raise UserError(
                _(
                    "%(characteristic)s, unit %(unit)s: the message has to say “%(name)s”.",
                    characteristic=result.name,
                    unit=unit,
                    name=name,
                )
            )
        entered = (
            {"value": reported["value"]}
            if result.kind == "measured"
            else {"attribute": "yes" if reported["conforms"] else "no"}
        )
        result.write({**entered, "note": reported.get("note") or result.note})
