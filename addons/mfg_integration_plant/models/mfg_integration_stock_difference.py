from odoo import _, api, fields, models
from odoo.exceptions import UserError


class MfgIntegrationStockDifference(models.Model):
    """A place where another system counts other goods than Odoo does."""

    _name = "mfg.integration.stock.difference"
    _description = "Stock Difference"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state desc, since desc, id"
    _rec_name = "item"
    #: what people may change: the owner, the note, and what mail.thread keeps
    _editable = frozenset(
        {
            "owner_id",
            "note",
            "activity_ids",
            "message_follower_ids",
            "message_ids",
            "message_main_attachment_id",
        }
    )

    system_id = fields.Many2one(
        "mfg.integration.system", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="system_id.company_id",
        store=True,
        precompute=True,
        index=True,
        readonly=True,
    )
    location_id = fields.Many2one(
        "stock.location", required=True, readonly=True, ondelete="cascade"
    )
    item = fields.Char(required=True, readonly=True, help="What the message calls it.")
    product_id = fields.Many2one("product.product", readonly=True, ondelete="cascade")
    lot_name = fields.Char(readonly=True)
    lot_id = fields.Many2one("stock.lot", readonly=True, ondelete="set null")
    unit = fields.Char(readonly=True)
    their_quantity = fields.Float(
        string="Theirs", digits="Product Unit of Measure", readonly=True
    )
    our_quantity = fields.Float(
        string="Ours", digits="Product Unit of Measure", readonly=True
    )
    difference = fields.Float(
        digits="Product Unit of Measure",
        compute="_compute_difference",
        store=True,
        help="Theirs less ours.",
    )
    taken_at = fields.Datetime(string="As Of", readonly=True)
    since = fields.Datetime(readonly=True, help="First snapshot that showed it.")
    state = fields.Selection(
        [
            ("open", "To decide"),
            ("booked", "Theirs was booked"),
            ("explained", "Explained"),
            ("gone", "Gone by itself"),
        ],
        required=True,
        readonly=True,
        default="open",
        index=True,
        tracking=True,
    )
    owner_id = fields.Many2one("res.users", tracking=True, index=True)
    note = fields.Text(tracking=True, help="What was found out.")
    message_uuid = fields.Char(string="Snapshot", readonly=True)

    @api.depends("their_quantity", "our_quantity")
    def _compute_difference(self):
        for each in self:
            each.difference = each.their_quantity - each.our_quantity

    def write(self, vals):
        """People change what is theirs to change; the rest is what was found."""
        if not self.env.su and vals.keys() - self._editable:
            raise UserError(
                _("Use the buttons to decide; what was found stays as it is.")
            )
        return super().write(vals)

    def action_book(self):
        """Make our stock what theirs is, by an inventory adjustment of the current user.

        :raises UserError: decided already, the item or its lot is not known here, or the
            user may not adjust stock
        """
        self._check_open()
        for each in self:
            if not each.product_id or (
                each.product_id.tracking != "none" and not each.lot_id
            ):
                raise UserError(
                    _(
                        "%(item)s %(lot)s is not known here, so there is nothing to book "
                        "it on. Create it, or add it to the cross references; the next "
                        "snapshot knows it.",
                        item=each.item,
                        lot=each.lot_name or "",
                    )
                )
            each._book()
        self._decide("booked", _("Booked by %(user)s", user=self.env.user.name))

    def action_explain(self):
        """Close differences whose note says where they come from.

        :raises UserError: decided already, or nothing was noted
        """
        self._check_open()
        silent = self.filtered(lambda each: not each.note)
        if silent:
            raise UserError(
                _("Note first what was found out about %(item)s.", item=silent[0].item)
            )
        self._decide("explained", _("Explained by %(user)s", user=self.env.user.name))

    def _book(self):
        """Add the difference to what is on hand now, at the place itself."""
        quants = self.env["stock.quant"].with_context(
            inventory_mode=True,
            inventory_name=_("Stock of %(system)s", system=self.system_id.name),
        )
        here = quants._read_group(
            [
                ("product_id", "=", self.product_id.id),
                ("lot_id", "=", self.lot_id.id),
                ("location_id", "=", self.location_id.id),
            ],
            [],
            ["quantity:sum"],
        )[0][0]
        quant = quants.create(
            {
                "location_id": self.location_id.id,
                "product_id": self.product_id.id,
                "lot_id": self.lot_id.id,
                "inventory_quantity": here + self.difference,
            }
        )
        if isinstance(quant.action_apply_inventory(), dict):
            raise UserError(
                _(
                    "Stock of %(item)s is being counted by somebody else. Try again.",
                    item=self.item,
                )
            )

    def _check_open(self):
        self.env["mfg.integration.delivery"]._check_operator()
        self.check_access_rule("write")
        decided = self.filtered(lambda each: each.state != "open")
        if decided:
            raise UserError(_("%(item)s was decided on already.", item=decided[0].item))

    def _decide(self, state, text):
        # sudo: differences change by decisions only; rights are checked by the caller
        closed = self.sudo()
        closed.write({"state": state})
        closed._message_log_batch({each.id: text for each in self})
        closed.activity_unlink(["mail.mail_activity_data_todo"])

    @api.model
    def _record(self, system, locations, found, owner, message_uuid, at):
        """Note what a snapshot found in some locations: new differences get an owner, those
        it does not show any more are gone.

        :param found: list of dicts with ``location_id``, ``item``, ``product_id``,
            ``lot_name``, ``lot_id``, ``unit``, ``their_quantity``, ``our_quantity``
        :return: the open differences of these locations
        """
        known = {
            (each.location_id.id, each.item, each.lot_name or None): each
            for each in self.search(
                [
                    ("system_id", "=", system.id),
                    ("location_id", "in", locations.ids),
                    ("state", "=", "open"),
                ]
            )
        }
        common = {"message_uuid": message_uuid, "taken_at": at}
        new, still = [], self.browse()
        for values in found:
            key = values["location_id"], values["item"], values["lot_name"] or None
            if each := known.pop(key, None):
                each.write({**values, **common})
                still |= each
            else:
                new.append(
                    {
                        **values,
                        **common,
                        "since": at,
                        "system_id": system.id,
                        "owner_id": owner.id,
                    }
                )
        self.browse()._gone(known.values())
        created = self.create(new)
        created._tell_owner(owner)
        return still | created

    def _gone(self, differences):
        gone = self.union(*differences)
        gone.write({"state": "gone"})
        gone.activity_unlink(["mail.mail_activity_data_todo"])

    def _tell_owner(self, owner):
        """One activity for all of a snapshot, on the first of them."""
        # An owner who cannot open it gets no activity: Odoo would refuse to assign one.
        if (
            self
            and owner.active
            and owner.has_group("mfg_integration_queue.group_viewer")
        ):
            self[0].activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=owner.id,
                summary=_(
                    "%(count)s stock differences with %(system)s",
                    count=len(self),
                    system=self[0].system_id.name,
                ),
            )
