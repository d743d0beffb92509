"""A small plant to try holds on, for tests and for ``./mfg faults hold``."""

from odoo import Command

HASHES = {}


def _hashed(env, password):
    """The hash of a password: made once, since that takes half a second."""
    if password not in HASHES:
        HASHES[password] = env["res.users"]._crypt_context().hash(password)
    return HASHES[password]


class World:
    """One company with people, a warehouse and products; nothing in stock yet.

    :ivar env: superuser environment in the company
    :ivar users: {"stk", "mgr", "qa", "apr1", "apr2", "conf", "mrp"}: res.users whose
        password is their login
    """

    def __init__(self, env):
        env = env(
            context=dict(env.context, tracking_disable=True, no_reset_password=True)
        )
        self.company = env["res.company"].create({"name": "Hold Test Plant"})
        self.env = env(context=dict(env.context, allowed_company_ids=self.company.ids))
        self.warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        self.stock = self.warehouse.lot_stock_id
        self.shelf = self.location("Shelf")
        self.quarantine = self.location("Quarantine", is_quarantine=True)
        self.customers = self.env.ref("stock.stock_location_customers")
        self.suppliers = self.env.ref("stock.stock_location_suppliers")
        self.unit = self.env.ref("uom.product_uom_unit")
        self.partner = self.env["res.partner"].create({"name": "Customer of Holds"})
        # Without the right to read entries Odoo lets nobody correct done transfers.
        stock = (
            "stock.group_stock_user,stock.group_production_lot,"
            "account.group_account_readonly"
        )
        floor = stock + ",stock.group_stock_multi_locations,stock.group_tracking_lot"
        manager = floor + ",stock.group_stock_manager,mrp.group_mrp_manager"
        quality = floor + ",mrp.group_mrp_user,mfg_quality_hold.group_inspect"
        self.users = {
            "stk": self.user("stk", floor + ",mrp.group_mrp_user"),
            "mgr": self.user("mgr", manager + ",stock.group_tracking_owner"),
            "qa": self.user("qa", quality),
            "apr1": self.user("apr1", "mfg_quality_hold.group_approve"),
            "apr2": self.user("apr2", "mfg_quality_hold.group_approve"),
            "conf": self.user("conf", "mfg_quality_hold.group_configure"),
            "none": self.user("none", "base.group_user"),
        }

    def user(self, name, groups):
        """A user of the company whose password is the login ``hold-<name>``."""
        login = f"hold-{name}"
        user = self.env["res.users"].create(
            {
                "name": f"Hold {name}",
                "login": login,
                "email": f"{login}@example.com",
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
                "groups_id": [
                    Command.set([self.env.ref(xmlid).id for xmlid in groups.split(",")])
                ],
            }
        )
        user._set_encrypted_password(user.id, _hashed(self.env, login))
        return user

    def as_user(self, name):
        """Environment of one of the users."""
        return self.env(user=self.users[name].id, su=False)

    def location(self, name, parent=None, **values):
        return self.env["stock.location"].create(
            {
                "name": name,
                "location_id": (parent or self.stock).id,
                "company_id": self.company.id,
                **values,
            }
        )

    def product(self, name="Part", tracking="lot", **values):
        return self.env["product.product"].create(
            {
                "name": name,
                "detailed_type": "product",
                "tracking": tracking,
                "standard_price": 5,
                "company_id": self.company.id,
                **values,
            }
        )

    def lot(self, product, name):
        return self.env["stock.lot"].create(
            {"name": name, "product_id": product.id, "company_id": self.company.id}
        )

    def package(self, name):
        return self.env["stock.quant.package"].create({"name": name})

    def put(self, product, quantity, lot=None, location=None, package=None, owner=None):
        """Put something in stock and return its quant."""
        location = location or self.shelf
        self.env["stock.quant"]._update_available_quantity(
            product, location, quantity, lot_id=lot, package_id=package, owner_id=owner
        )
        return self.env["stock.quant"]._gather(
            product, location, lot, package, owner, strict=True
        )[:1]

    def on_hand(self, product, lot=None):
        """Quantity in our own locations."""
        domain = [
            ("product_id", "=", product.id),
            ("location_id.usage", "in", ("internal", "transit")),
        ]
        if lot:
            domain.append(("lot_id", "=", lot.id))
        return sum(self.env["stock.quant"].search(domain).mapped("quantity"))

    def reserved(self, product, lot=None):
        """Reserved quantity in our own locations."""
        domain = [("product_id", "=", product.id)]
        if lot:
            domain.append(("lot_id", "=", lot.id))
        return sum(self.env["stock.quant"].search(domain).mapped("reserved_quantity"))

    def transfer(
        self, product, quantity, source=None, destination=None, env=None, kind="out"
    ):
        """A confirmed transfer of one product, not reserved; deliveries by default.

        :param kind: ``out``, ``in``, ``int`` or a ``stock.picking.type``
        """
        env = env or self.env
        if isinstance(kind, str):
            kind = self.warehouse[f"{kind}_type_id"]
        source, destination = source or self.stock, destination or self.customers
        picking = env["stock.picking"].create(
            {
                "picking_type_id": kind.id,
                "partner_id": self.partner.id,
                "location_id": source.id,
                "location_dest_id": destination.id,
                "move_ids": [
                    Command.create(
                        {
                            "name": product.name,
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            "product_uom": product.uom_id.id,
                            "location_id": source.id,
                            "location_dest_id": destination.id,
                        }
                    )
                ],
            }
        )
        picking.action_confirm()
        picking.move_ids.move_line_ids.unlink()
        return picking

    def ship(self, product, quantity, lot=None, **kwargs):
        """A transfer that is done, of the given lot."""
        picking = self.transfer(product, quantity, **kwargs)
        self.line(picking, lot, quantity)
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True)._action_done()
        return picking

    def line(self, picking, lot, quantity, env=None, **values):
        """Add a line to the first move of a transfer."""
        move = picking.move_ids[0]
        return (env or self.env)["stock.move.line"].create(
            {
                "move_id": move.id,
                "picking_id": picking.id,
                "product_id": move.product_id.id,
                "product_uom_id": move.product_uom.id,
                "lot_id": lot and lot.id,
                "quantity": quantity,
                "location_id": self.shelf.id
                if picking.location_id == self.stock
                else picking.location_id.id,
                "location_dest_id": picking.location_dest_id.id,
                **values,
            }
        )

    def bom(self, product, components, kind="normal", operation=None):
        """A bill of materials for one unit from [(component, quantity)].

        :param str operation: name of an operation, on a work center of its own
        """
        operations = []
        if operation:
            center = self.env["mrp.workcenter"].create(
                {"name": "Lathe", "company_id": self.company.id}
            )
            operations = [
                Command.create({"name": operation, "workcenter_id": center.id})
            ]
        return self.env["mrp.bom"].create(
            {
                "product_tmpl_id": product.product_tmpl_id.id,
                "product_qty": 1,
                "type": kind,
                "company_id": self.company.id,
                "bom_line_ids": [
                    Command.create({"product_id": part.id, "product_qty": quantity})
                    for part, quantity in components
                ],
                "operation_ids": operations,
            }
        )

    def order(self, product, quantity, env=None):
        """A confirmed manufacturing order, without reservations."""
        order = (env or self.env)["mrp.production"].create(
            {
                "product_id": product.id,
                "product_qty": quantity,
                "company_id": self.company.id,
                "picking_type_id": self.warehouse.manu_type_id.id,
            }
        )
        order.action_confirm()
        order.do_unreserve()
        return order

    def produce(self, product, quantity, lot=None, consume=()):
        """A finished order; ``consume`` are (component, lot, quantity)."""
        order = self.order(product, quantity)
        order.qty_producing = quantity
        order.lot_producing_id = lot
        for component, used_lot, used in consume:
            move = order.move_raw_ids.filtered(
                lambda move, component=component: move.product_id == component
            )
            move.move_line_ids.unlink()
            self.env["stock.move.line"].create(
                {
                    "move_id": move.id,
                    "product_id": component.id,
                    "product_uom_id": component.uom_id.id,
                    "lot_id": used_lot and used_lot.id,
                    "quantity": used,
                    "location_id": self.shelf.id,
                    "location_dest_id": move.location_dest_id.id,
                }
            )
            move.picked = True
        order.with_context(skip_consumption=True).button_mark_done()
        return order

    def inspection_plan(self, product, units=2):
        """A plan: diameter 10.00 mm, 9.95 to 10.05, and a clean surface."""
        return self.env["mfg.quality.inspection.plan"].create(
            {
                "name": f"Plan of {product.name}",
                "company_id": self.company.id,
                "product_ids": [Command.set(product.ids)],
                "sample_size": units,
                "characteristic_ids": [
                    Command.create(
                        {
                            "name": "Diameter",
                            "target": 10,
                            "lower_limit": 9.95,
                            "upper_limit": 10.05,
                            "instrument": "Micrometer 7",
                        }
                    ),
                    Command.create({"name": "Surface clean", "kind": "attribute"}),
                ],
            }
        )

    # -- holds -------------------------------------------------------------------------

    def hold(self, records, quantity=None, reason="SUSPECT", user="stk", **values):
        """Place a hold as a user."""
        env = self.as_user(user)
        if not isinstance(records, list):
            records = [records]
        return env["mfg.quality.hold"].place(
            [record.with_env(env) for record in records], reason, quantity, **values
        )

    def propose(self, hold, kind, quantities=None, user="qa", **values):
        """A proposed disposition of the open quantities, or of {hold line: quantity}."""
        env = self.as_user(user)
        lines = hold.line_ids.filtered(lambda line: line.state == "active")
        if quantities is None:
            lines.sudo()._refresh_held()
            quantities = {line: line.qty_open for line in lines}
        disposition = env["mfg.quality.disposition"].create(
            {
                "hold_id": hold.id,
                "kind": kind,
                "justification": "Looked at it.",
                "line_ids": [
                    Command.create({"hold_line_id": line.id, "quantity": quantity})
                    for line, quantity in quantities.items()
                ],
                **values,
            }
        )
        disposition.action_propose()
        return disposition

    def sign(self, disposition, user="apr1", decision="approve", password=None):
        """Sign in the dialog, as the web client does."""
        env = self.as_user(user)
        wizard = env["mfg.quality.sign"].create(
            {
                "disposition_id": disposition.id,
                "decision": decision,
                "meaning": "Reviewed",
                "password": password or f"hold-{user}",
            }
        )
        return wizard.action_done()

    def decide(self, hold, kind, quantities=None, **values):
        """A disposition that is proposed, signed and carried out."""
        disposition = self.propose(hold, kind, quantities, **values)
        self.sign(disposition)
        if disposition.state == "approved":
            disposition.action_execute()
        return disposition
