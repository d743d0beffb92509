from collections import defaultdict

from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.osv import expression
from odoo.tools import float_compare, float_is_zero

from ..engine.ledger import ledger

BOOK = "mfg_quality_hold_book"
STOCK_USAGES = ("internal", "transit")
KINDS = [
    ("lot", "Lot or serial number"),
    ("quantity", "Quantity"),
    ("location", "Location"),
    ("package", "Package"),
    ("picking", "Receipt"),
    ("production", "Manufacturing order"),
    ("workorder", "Work order"),
]
# The field that names the scope of each kind.
SCOPE_FIELDS = {
    "lot": "lot_id",
    "quantity": "product_id",
    "location": "location_id",
    "package": "package_id",
    "picking": "picking_id",
    "production": "production_id",
    "workorder": "workorder_id",
}


class HoldBook:
    """What is on hold, as far as the hot paths must know it, read once.

    :ivar everywhere: a location or package is on hold: every product may be concerned
    :ivar products: ids of products of which a lot or a quantity is on hold
    :ivar partial: {product id: ids of its active lines of kind quantity}
    """

    def __init__(self, rows):
        self.everywhere = False
        self.products = set()
        self.partial = {}
        for kind, product_id, line_id in rows:
            if kind in ("location", "package"):
                self.everywhere = True
                continue
            self.products.add(product_id)
            if kind == "quantity":
                self.partial.setdefault(product_id, []).append(line_id)

    def concerns(self, product):
        """Tell whether stock of the product may be on hold."""
        return self.everywhere or product.id in self.products


class MfgQualityHoldLine(models.Model):
    """What a hold keeps in place. The active lines are the truth of all guards."""

    _name = "mfg.quality.hold.line"
    _description = "Quality Hold Line"
    _inherit = "mfg.quality.own.defaults"
    _check_company_auto = True
    _order = "hold_id desc, id"

    hold_id = fields.Many2one(
        "mfg.quality.hold", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(
        related="hold_id.company_id", store=True, precompute=True
    )
    reason_id = fields.Many2one(related="hold_id.reason_id", store=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(
        [("active", "On Hold"), ("closed", "Closed")],
        required=True,
        default="active",
        readonly=True,
        index=True,
    )
    product_id = fields.Many2one(
        "product.product", readonly=True, ondelete="restrict", index=True
    )
    uom_id = fields.Many2one(related="product_id.uom_id")
    lot_id = fields.Many2one(
        "stock.lot",
        "Lot/Serial",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
    )
    location_id = fields.Many2one(
        "stock.location",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
    )
    package_id = fields.Many2one(
        "stock.quant.package",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    owner_id = fields.Many2one("res.partner", readonly=True, ondelete="restrict")
    picking_id = fields.Many2one(
        "stock.picking",
        "Receipt",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
    )
    production_id = fields.Many2one(
        "mrp.production",
        "Manufacturing Order",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
    )
    workorder_id = fields.Many2one(
        "mrp.workorder",
        "Work Order",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    qty_held = fields.Float(
        "Held", digits="Product Unit of Measure", readonly=True, required=True
    )
    qty_disposed = fields.Float(
        "Disposed", digits="Product Unit of Measure", readonly=True
    )
    qty_open = fields.Float(
        "Open",
        digits="Product Unit of Measure",
        compute="_compute_qty_open",
        store=True,
    )
    unit_value = fields.Float(
        readonly=True, digits="Product Price", help="Cost when the hold began."
    )
    value_open = fields.Float(compute="_compute_qty_open", store=True)
    active_from = fields.Datetime(readonly=True)
    active_to = fields.Datetime(readonly=True)
    # Who sees a hold reads what is held, also approvers without rights on stock.
    scope = fields.Char(compute="_compute_scope", compute_sudo=True)

    _sql_constraints = [
        ("qty_positive", "CHECK(qty_held >= 0)", "A held quantity is not negative."),
    ]

    @api.depends("qty_held", "qty_disposed", "unit_value", "state")
    def _compute_qty_open(self):
        for line in self:
            closed = line.state == "closed"
            line.qty_open = 0 if closed else max(0, line.qty_held - line.qty_disposed)
            line.value_open = line.qty_open * line.unit_value

    def _compute_scope(self):
        for line in self:
            field = SCOPE_FIELDS[line.kind]
            parts = [line[field].display_name or ""]
            if line.kind == "quantity":
                names = line.lot_id, line.location_id, line.package_id, line.owner_id
                parts += [record.display_name for record in names if record]
            line.scope = " / ".join(parts)

    @api.depends("hold_id.name", "kind")
    def _compute_display_name(self):
        for line in self:
            line.display_name = f"{line.hold_id.name}: {line.scope}"

    @api.constrains("kind", "lot_id", "location_id", "package_id", "company_id")
    def _check_scope(self):
        for line in self:
            if not line[SCOPE_FIELDS[line.kind]]:
                raise ValidationError(
                    _(
                        "A hold line of kind %(kind)s needs the field %(field)s.",
                        kind=dict(KINDS)[line.kind],
                        field=SCOPE_FIELDS[line.kind],
                    )
                )
            location = line.location_id
            if location and location.usage not in STOCK_USAGES + ("view",):
                raise ValidationError(
                    _(
                        "Location %(location)s holds no stock of yours; place the hold on "
                        "an internal location.",
                        location=location.display_name,
                    )
                )

    # -- CRUD: lines change through the business methods of holds only -----------------

    def init(self):
        self.env.cr.execute(
            "CREATE INDEX IF NOT EXISTS mfg_quality_hold_line_active_index "
            "ON mfg_quality_hold_line (kind, product_id, id) WHERE state = 'active'"
        )

    @api.model_create_multi
    def create(self, vals_list):
        self._require_transition()
        lines = super().create(vals_list)
        self._forget_book()
        return lines

    def write(self, vals):
        self._require_transition()
        self._forget_book()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            _("What was on hold stays on record. Withdraw or release the hold instead.")
        )

    def _require_transition(self):
        """Refuse direct changes, also by the superuser: they would lift a hold."""
        if not ledger(self.env.cr).in_transition:
            raise AccessError(
                _(
                    "Hold lines change only through the actions of their hold: place, "
                    "dispose, release, withdraw."
                )
            )

    # -- the book ----------------------------------------------------------------------

    def _forget_book(self):
        self.env.cr.precommit.data.pop(BOOK, None)

    @api.model
    def _book(self):
        """The HoldBook of this transaction; one query when it is not known yet.

        It is kept with the pre-commit data because flushes and rollbacks, also to a
        savepoint, empty that.
        """
        data = self.env.cr.precommit.data
        if BOOK not in data:
            self.flush_model(["kind", "state", "product_id"])
            self.env.cr.execute(
                """
                SELECT kind, product_id, CASE WHEN kind = 'quantity' THEN id END
                  FROM mfg_quality_hold_line
                 WHERE state = 'active'
                   AND kind IN ('lot', 'quantity', 'location', 'package')
                 GROUP BY 1, 2, 3
                """
            )
            data[BOOK] = HoldBook(self.env.cr.fetchall())
        return data[BOOK]

    @api.model
    def _partial_lines(self, product):
        """Active lines that hold a quantity of the product, in every company."""
        ids = self._book().partial.get(product.id)
        # Guards look at every hold, whoever asks. Most products have none, and another
        # environment costs more than all the rest of a guard.
        return self.sudo().browse(ids) if ids else self.browse()

    # -- where the quantity is ---------------------------------------------------------

    def _scope_quants_domain(self):
        """Domain of the quants in our own stock that the line keeps in place."""
        self.ensure_one()
        own = [("location_id.usage", "in", STOCK_USAGES)]
        if self.kind == "lot":
            return own + [("lot_id", "=", self.lot_id.id)]
        if self.kind == "location":
            return own + [("location_id", "child_of", self.location_id.id)]
        if self.kind == "package":
            return own + [("package_id", "=", self.package_id.id)]
        if self.kind == "quantity":
            domain = own + [
                ("product_id", "=", self.product_id.id),
                ("lot_id", "=", self.lot_id.id),
                ("company_id", "=", self.company_id.id),
            ]
            if self.location_id:
                domain += [
                    ("location_id", "=", self.location_id.id),
                    ("package_id", "=", self.package_id.id),
                    ("owner_id", "=", self.owner_id.id),
                ]
            return domain
        return [(0, "=", 1)]

    def _scope_quants(self):
        """Quants in our own stock that the line keeps in place."""
        # Of stock the reader may have no right to look at.
        quants = self.env["stock.quant"].sudo()
        return quants.search(self._scope_quants_domain())

    def _covers(self, product, location, lot, package, owner):
        """Tell whether stock of these characteristics is in the scope of the line."""
        self.ensure_one()
        if self.kind == "lot":
            return bool(lot) and self.lot_id == lot
        if self.kind == "package":
            return bool(package) and self.package_id == package
        if self.kind == "location":
            path = location.parent_path or ""
            return path.startswith(self.location_id.parent_path or "-")
        if self.kind == "quantity":
            if self.product_id != product or (self.lot_id or lot) != (
                lot or self.lot_id
            ):
                return False
            if bool(self.lot_id) != bool(lot):
                return False
            return not self.location_id or (
                self.location_id == location
                and self.package_id.id == (package.id if package else False)
                and self.owner_id.id == (owner.id if owner else False)
            )
        return False

    @api.model
    def _covering(self, product, location, lot=None, package=None, owner=None):
        """Active lines that keep stock of these characteristics in place."""
        domains = [
            [("kind", "=", "lot"), ("lot_id", "=", lot.id if lot else 0)],
            [
                ("kind", "=", "package"),
                ("package_id", "=", package.id if package else 0),
            ],
            [("kind", "=", "location"), ("location_id", "parent_of", location.id)],
            [("kind", "=", "quantity"), ("product_id", "=", product.id)],
        ]
        # The message must name a hold that the user may not be allowed to open.
        everything = self.sudo()
        lines = everything.browse()
        for domain in domains:
            lines |= everything.search([("state", "=", "active")] + domain)
        return lines.filtered(
            lambda line: line._covers(product, location, lot, package, owner)
        )

    def _left_in_scope(self, unreserved=False):
        """Quantity in the scope of a quantity hold, in the unit of the product.

        :param bool unreserved: less what is reserved, except for a decision's own moves
        """
        quants = self._scope_quants()
        left = sum(quants.mapped("quantity"))
        if unreserved:
            left -= sum(quants.mapped("reserved_quantity"))
            decided = self._search_open_move_lines(
                [
                    ("product_id", "=", self.product_id.id),
                    ("lot_id", "=", self.lot_id.id),
                    ("location_id", "in", quants.location_id.ids),
                    ("move_id.quality_disposition_line_id", "!=", False),
                ]
            )
            left += sum(decided.mapped("quantity_product_uom"))
        return left

    def _left_of_stock(self):
        """On-hand quantity of the product, or of the lot, in the whole company."""
        self.ensure_one()
        # The whole of it, whoever asks.
        quants = self.env["stock.quant"].sudo()
        groups = quants._read_group(
            [
                ("product_id", "=", self.product_id.id),
                ("lot_id", "=", self.lot_id.id),
                ("location_id.usage", "in", STOCK_USAGES),
                ("company_id", "=", self.company_id.id),
            ],
            [],
            ["quantity:sum"],
        )
        return groups[0][0] or 0

    def _sibling_open(self):
        """Open quantity of the active lines with the very same scope, this one too."""
        self.ensure_one()
        siblings = self._partial_lines(self.product_id).filtered(
            lambda line: (
                (line.lot_id, line.location_id, line.package_id, line.owner_id)
                == (self.lot_id, self.location_id, self.package_id, self.owner_id)
                and line.company_id == self.company_id
            )
        )
        return sum(siblings.mapped("qty_open"))

    # -- transitions -------------------------------------------------------------------

    @api.model
    def _hold(self, vals_list):
        """Put scopes on hold: locks first, then flags, then open reservations.

        :param vals_list: values of lines, each with ``hold_id``
        :return: the new lines, which are active
        """
        holds = self.env["mfg.quality.hold"].browse(
            {vals["hold_id"] for vals in vals_list if vals["kind"] != "lot"}
        )
        for company in holds.company_id:
            self.env["mfg.quality.hold.guard"]._lock_exclusively(company)
        begin = {"state": "active", "active_from": fields.Datetime.now()}
        with ledger(self.env.cr).transition():
            lines = self.create([dict(vals, **begin) for vals in vals_list])
        # The flags reach the database now: their row locks are what validations meet.
        self.env.flush_all()
        lines._break_reservations()
        return lines

    def _close(self):
        """The scope is free again, as far as no other line holds it."""
        with ledger(self.env.cr).transition():
            self.write({"state": "closed", "active_to": fields.Datetime.now()})

    def _refresh_held(self, moved=0):
        """What is held of a lot, package or location is what is there now.

        :param float moved: what a decision has just taken away and is not counted yet
        """
        for line in self:
            if line.kind in ("lot", "package", "location") and line.state == "active":
                on_hand = sum(line._scope_quants().mapped("quantity"))
                held = max(0, on_hand) + moved + line.qty_disposed
                if held != line.qty_held:
                    with ledger(self.env.cr).transition():
                        line.write({"qty_held": held})

    def _dispose(self, quantity, moved=False):
        """Count a quantity as decided and executed; what is left stays on hold.

        Part of a lot cannot be free while the lot is blocked as a whole: the line then
        goes on as a hold of the remaining quantity of that lot, wherever it is.

        :param bool moved: it has left the scope, rather than become free where it is
        """
        self.ensure_one()
        self._refresh_held(moved=quantity if moved else 0)
        rounding = self.uom_id.rounding or 0.01
        with ledger(self.env.cr).transition():
            self.write({"qty_disposed": self.qty_disposed + quantity})
            if float_is_zero(self.qty_open, precision_rounding=rounding):
                self._close()
            elif self.kind == "lot" and not moved:
                self.write({"kind": "quantity"})

    def _open_move_lines(self):
        """Lines of unfinished moves that take from the scope."""
        lines = self.env["stock.move.line"]
        for kind, field in (("lot", "lot_id"), ("package", "package_id")):
            records = self.filtered(lambda line, kind=kind: line.kind == kind)[field]
            lines |= self._search_open_move_lines([(field, "in", records.ids)])
        locations = self.filtered(lambda line: line.kind == "location").location_id
        if locations:
            lines |= self._search_open_move_lines(
                [("location_id", "child_of", locations.ids)]
            )
        return lines.filtered(
            lambda line: (
                not line.location_dest_id.is_quarantine
                and line.location_id.usage in STOCK_USAGES
            )
        )

    def _search_open_move_lines(self, domain):
        # Reservations of every user and document are broken.
        return (
            self.env["stock.move.line"]
            .sudo()
            .search(
                domain
                + [
                    ("state", "not in", ("done", "cancel")),
                    ("quantity", ">", 0),
                ]
            )
        )

    def _excess_move_lines(self):
        """Lines to give up so that quantity holds are covered by free stock."""
        given_up = self.env["stock.move.line"]
        for line in self.filtered(lambda line: line.kind == "quantity"):
            quants = line._scope_quants()
            free = sum(quants.mapped("quantity")) - line._sibling_open()
            excess = sum(quants.mapped("reserved_quantity")) - free
            candidates = self._search_open_move_lines(
                [
                    ("product_id", "=", line.product_id.id),
                    ("lot_id", "=", line.lot_id.id),
                    ("location_id", "in", quants.location_id.ids),
                ]
            ).sorted("id", reverse=True)
            rounding = line.uom_id.rounding
            for candidate in candidates - given_up:
                if float_compare(excess, 0, precision_rounding=rounding) <= 0:
                    break
                if line._covers(*candidate._quality_hold_characteristics()):
                    given_up |= candidate
                    excess -= candidate.quantity_product_uom
        return given_up

    def _break_reservations(self):
        """Give up open lines on held stock, also picked ones, and reserve other stock."""
        lines = self._open_move_lines() | self._excess_move_lines()
        if not lines:
            return
        moves = lines.move_id
        lots = defaultdict(self.env["stock.lot"].browse)
        for line in lines:
            for document in (line.picking_id, line.move_id.raw_material_production_id):
                if document:
                    lots[document] |= line.lot_id
        lines._give_up()
        moves.filtered(
            lambda move: not any(move.move_line_ids.mapped("picked"))
        ).picked = False
        moves.filtered(
            lambda move: move.state not in ("done", "cancel")
        )._action_assign()
        for document, document_lots in lots.items():
            document.message_post(
                body=_(
                    "Reservations were given up because of quality hold %(holds)s: "
                    "%(what)s.",
                    holds=Markup(", ").join(
                        hold._get_html_link() for hold in self.hold_id
                    ),
                    what=", ".join(document_lots.mapped("name"))
                    or ", ".join(moves.product_id.mapped("display_name")),
                )
            )

    def _reserve_waiting(self):
        """Let what waits for this stock have it, as Odoo does when goods arrive.

        Moves that lost their reservation to the hold would wait for the next run of the
        scheduler otherwise. Those that the scheduler would not touch are left alone.
        """
        # Odoo's own switch, which nobody but administrators may read.
        parameters = self.env["ir.config_parameter"].sudo()
        if parameters.get_param("stock.picking_no_auto_reserve"):
            return
        # Transfers and orders of everybody are served.
        moves = self.env["stock.move"].sudo()
        for company, stock in self._freed_quants().grouped("company_id").items():
            moves |= moves.search(
                expression.AND(
                    [
                        self.env["procurement.group"]._get_moves_to_assign_domain(
                            company.id
                        ),
                        [("product_id", "in", stock.product_id.ids)],
                        [("location_id", "parent_of", stock.location_id.ids)],
                    ]
                ),
                order="priority desc, date asc, id asc",
            )
        moves._action_assign()

    def _freed_quants(self):
        """What was in the scopes, in one search however many there are."""
        scopes = [[("lot_id", "in", self.lot_id.ids)]]
        for kind, field, operator in (
            ("package", "package_id", "in"),
            ("location", "location_id", "child_of"),
            ("quantity", "product_id", "in"),
        ):
            lines = self.filtered(
                lambda line, k=kind: line.kind == k and not line.lot_id
            )
            scopes.append([(field, operator, lines[field].ids)])
        # Of stock the reader may have no right to look at.
        return (
            self.env["stock.quant"]
            .sudo()
            .search([("location_id.usage", "in", STOCK_USAGES)] + expression.OR(scopes))
        )

    # -- messages ----------------------------------------------------------------------

    @api.model
    def _refuse(self, lines, product, lot=None, location=None, package=None):
        """Raise the message of every stock guard.

        :param lines: the lines that keep the stock in place
        :raises UserError: always
        """
        what = product.display_name
        for record in (lot, package, location):
            if record:
                what = f"{record.display_name}, {what}"
                break
        # Read for everybody; only the number is shown to people without quality rights.
        holds = lines.sudo().hold_id
        names = ", ".join(holds.mapped("name"))
        if holds._may_be_shown():
            hold = holds[:1]
            raise holds.with_env(self.env)._refusal(
                _(
                    "%(what)s is on quality hold %(hold)s (%(reason)s, responsible: "
                    "%(responsible)s). Nothing of it may be reserved, moved, consumed, "
                    "relabelled or written off. Open the hold and create a disposition, or "
                    "take other stock; moving it into a quarantine location is allowed.",
                    what=what,
                    hold=names,
                    reason=hold.reason_id.name,
                    responsible=hold.responsible_id.name,
                )
            )
        raise UserError(
            _(
                "%(what)s is on quality hold %(hold)s. Take other stock, or ask the quality "
                "department.",
                what=what,
                hold=names,
            )
        )

    def _follow(self, move_line):
        """Hold at its new place what a containment move took out of the scope."""
        self.ensure_one()
        quantity = move_line.quantity_product_uom
        if self.kind == "quantity":
            left = self._left_in_scope()
            quantity = min(quantity, max(0, self._sibling_open() - left), self.qty_open)
        if quantity <= 0:
            return
        with ledger(self.env.cr).transition():
            if self.kind == "quantity":
                self.write({"qty_held": self.qty_held - quantity})
                if not self.qty_open:
                    self._close()
        self._hold(
            [
                {
                    "hold_id": self.hold_id.id,
                    "kind": "quantity",
                    "product_id": move_line.product_id.id,
                    "lot_id": move_line.lot_id.id,
                    "location_id": move_line.location_dest_id.id,
                    "package_id": move_line.result_package_id.id,
                    "owner_id": move_line.owner_id.id,
                    "qty_held": quantity,
                    "unit_value": self.unit_value,
                }
            ]
        )

    def _hold_received(self):
        """Receive, then hold: the lots and quantities a held receipt brought."""
        self.ensure_one()
        if self.picking_id.state != "done":
            return
        scopes = self.hold_id._scopes_of_received(self.picking_id.move_line_ids)
        if scopes:
            self.hold_id._add_lines(scopes)
        self._close()
