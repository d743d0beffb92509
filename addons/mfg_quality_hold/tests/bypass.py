"""Attempts to reserve, move, consume, relabel or hide what is on quality hold.

Each attempt is made twice by the same user with the same call: once without a hold, where
it must have an effect (otherwise it proves nothing), and once with the held lot, package,
location or quantity, where it must not. ``./mfg faults hold`` prints the figures.
"""

from dataclasses import dataclass, field

from odoo import Command
from odoo.api import call_kw
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests.common import Form

from .world import World

USERS = ("stk", "mgr")
CHANNELS = ("screen", "rpc", "import", "server action", "sudo", "done document")
REFUSALS = (UserError, AccessError, RedirectWarning)


@dataclass
class Attempt:
    """One way to get around a hold.

    :ivar path: the interception point of the design that must stop it
    :ivar channel: one of CHANNELS
    :ivar prepare: ``prepare(scene)``, what exists before the hold
    :ivar act: ``act(scene, env)``, the call, in the environment of the user
    """

    name: str
    path: str
    channel: str
    act: object
    prepare: object = None
    users: tuple = USERS
    scope: object = field(default=lambda scene: scene.lot_a)


ATTEMPTS = []


def attempt(path, channel, users=USERS, prepare=None, scope=None):
    """Add the decorated ``act(scene, env)`` to the attempts."""

    def add(act):
        values = {"scope": scope} if scope else {}
        ATTEMPTS.append(
            Attempt(act.__name__, path, channel, act, prepare, users, **values)
        )
        return act

    return add


def rpc(records, method, *args, **kwargs):
    """Call a method as the web client and external programs do."""
    ids = [records.ids] if records else []
    model = records.env[records._name]
    context = kwargs.pop("context", None)
    if context:
        kwargs["context"] = dict(records.env.context, **context)
    return call_kw(model, method, [*ids, *args], kwargs)


class Scene:
    """Fresh stock for one attempt: lots A and B, ten each, and whatever it prepares."""

    def __init__(self, world):
        self.world = world
        self.env = world.env
        self.part = world.product("Part")
        self.lot_a = world.lot(self.part, "A")
        self.lot_b = world.lot(self.part, "B")
        self.quant_a = world.put(self.part, 10, self.lot_a)
        self.oil = world.product("Oil", "none")
        self.box = world.package("BOX")
        self.bin = world.location("Bin")
        self.order = self.env["mrp.production"]

    def state(self):
        """Everything about the held stock that an attempt could change."""
        env = self.env
        env.invalidate_all()
        products = self.part | self.oil
        quants = env["stock.quant"].search(
            [
                ("product_id", "in", products.ids),
                ("location_id", "child_of", self.world.stock.location_id.id),
                ("location_id.usage", "=", "internal"),
            ]
        )
        rows = {}
        for quant in quants:
            if quant.product_id == self.part and quant.lot_id != self.lot_a:
                continue
            key = (
                quant.product_id,
                quant.lot_id,
                quant.location_id,
                quant.package_id,
                quant.owner_id,
            )
            total = rows.get(key, (0, 0))
            rows[key] = (
                round(total[0] + quant.quantity, 6),
                round(total[1] + quant.reserved_quantity, 6),
            )
        done = env["stock.move.line"].search(
            [
                ("product_id", "in", products.ids),
                ("lot_id", "in", (False, self.lot_a.id)),
                ("state", "=", "done"),
            ]
        )
        shelf = self.world.shelf
        orders = self.order.procurement_group_id.mrp_production_ids | self.order
        work = orders.workorder_ids
        return (
            {key: value for key, value in rows.items() if any(value)},
            sorted((line.id, line.quantity, line.location_dest_id.id) for line in done),
            (self.lot_a.name, self.lot_a.product_id),
            (shelf.usage, shelf.location_id, shelf.active, shelf.scrap_location),
            (self.bin.usage, self.bin.location_id, self.bin.active),
            [(order.state, order.is_planned, order.product_qty) for order in orders],
            [(one.state, len(one.time_ids)) for one in work],
        )


def run_attempt(world, attempt, user, held):
    """Make one attempt in a savepoint that is rolled back.

    :return: {"changed": bool, "error": exception or None, "crashed": bool}
    """
    outcome = {"crashed": False}
    try:
        with world.env.cr.savepoint():
            scene = Scene(world)
            scene.user = user
            if attempt.prepare:
                attempt.prepare(scene)
            if held:
                records = attempt.scope(scene)
                quantity = None
                if isinstance(records, tuple):
                    records, quantity = records
                world.hold(records, quantity)
            before = scene.state()
            error = None
            try:
                with world.env.cr.savepoint():
                    attempt.act(scene, world.as_user(user))
                    world.env.flush_all()
            except REFUSALS as refusal:
                error = refusal
            except Exception as crash:  # a crash is no refusal; it is reported
                error, outcome["crashed"] = crash, True
            outcome["changed"] = scene.state() != before
            outcome["error"] = error
            raise _RollBack
    except _RollBack:
        world.env.invalidate_all()
    return outcome


class _RollBack(Exception):
    pass


def run(env, every_user=True):
    """Make all attempts, as all their users or as one of them in turn.

    :return: {"attempts", "refused", "leaked", "void", "crashed"} with lists of names; void
        are those that have no effect without a hold either, so they count for nothing
    """
    world = World(env)
    result = {"attempts": [], "refused": [], "leaked": [], "void": [], "crashed": []}
    for number, one in enumerate(ATTEMPTS):
        users = one.users if every_user else [one.users[number % len(one.users)]]
        for user in users:
            label = f"{one.path} {one.channel}: {one.name} ({user})"
            free = run_attempt(world, one, user, held=False)
            if free["error"] or not free["changed"]:
                result["void"].append(f"{label}: {free['error']!r}")
                continue
            result["attempts"].append(label)
            held = run_attempt(world, one, user, held=True)
            if held["crashed"]:
                result["crashed"].append(f"{label}: {held['error']!r}")
            result["leaked" if held["changed"] else "refused"].append(label)
    return result


# -- reservation ---------------------------------------------------------------------------


def delivery(scene, quantity=10):
    scene.picking = scene.world.transfer(scene.part, quantity)


def delivery_of_b(scene):
    scene.world.put(scene.part, 10, scene.lot_b)
    delivery(scene)
    scene.line = scene.world.line(scene.picking, scene.lot_b, 10)


def oil_in_box(scene):
    scene.world.put(scene.oil, 10, package=scene.box)
    scene.picking = scene.world.transfer(scene.oil, 10)


def oil_in_bin(scene):
    scene.world.put(scene.oil, 10, location=scene.bin)
    scene.picking = scene.world.transfer(scene.oil, 10)


def oil_in_part(scene):
    scene.quant = scene.world.put(scene.oil, 10)
    scene.picking = scene.world.transfer(scene.oil, 10)


def the_box(scene):
    return scene.box


def the_bin(scene):
    return scene.bin


def the_shelf(scene):
    return scene.world.shelf


def all_the_oil(scene):
    return scene.oil, 10


def the_order(scene):
    return scene.order


def the_work(scene):
    return scene.order.workorder_ids


def the_receipt(scene):
    return scene.receipt


@attempt("H3", "rpc", prepare=delivery)
def check_availability(scene, env):
    rpc(scene.picking.with_env(env), "action_assign")


@attempt("H3", "rpc", prepare=oil_in_box, scope=the_box)
def check_availability_of_package(scene, env):
    rpc(scene.picking.with_env(env), "action_assign")


@attempt("H3", "rpc", prepare=oil_in_bin, scope=the_bin)
def check_availability_in_location(scene, env):
    rpc(scene.picking.with_env(env), "action_assign")


@attempt("H3", "rpc", prepare=oil_in_part, scope=all_the_oil)
def check_availability_of_quantity(scene, env):
    rpc(scene.picking.with_env(env), "action_assign")


@attempt("H3", "server action", users=("mgr",), prepare=delivery)
def scheduler(scene, env):
    env["procurement.group"].with_context(active_test=True).sudo()._run_scheduler_tasks(
        company_id=scene.world.company.id
    )


def chained(scene):
    world = scene.world
    scene.first = world.transfer(scene.part, 10, destination=scene.bin, kind="int")
    scene.picking = world.transfer(scene.part, 10, source=scene.bin)
    scene.picking.move_ids.move_orig_ids = scene.first.move_ids
    scene.picking.move_ids.procure_method = "make_to_order"
    scene.picking.move_ids.state = "waiting"
    world.line(scene.first, scene.lot_a, 10)
    scene.first.move_ids.picked = True
    scene.first._action_done()
    scene.picking.move_ids.move_line_ids.unlink()


@attempt("H3", "rpc", prepare=chained)
def check_availability_of_second_step(scene, env):
    rpc(scene.picking.with_env(env), "action_assign")


@attempt("H2", "screen", prepare=delivery)
def choose_lot_on_screen(scene, env):
    move = scene.picking.move_ids.with_env(env)
    with Form(move, view="stock.view_stock_move_operations") as form:
        with form.move_line_ids.new() as line:
            line.lot_id = scene.lot_a.with_env(env)
            line.quantity = 10


@attempt("H2", "rpc", prepare=delivery)
def create_line(scene, env):
    scene.world.line(scene.picking, scene.lot_a, 10, env)


@attempt("H2", "rpc", prepare=oil_in_box, scope=the_box)
def create_line_from_package(scene, env):
    scene.world.line(scene.picking, None, 10, env, package_id=scene.box.id)


@attempt("H2", "rpc", prepare=oil_in_bin, scope=the_bin)
def create_line_from_location(scene, env):
    scene.world.line(scene.picking, None, 10, env, location_id=scene.bin.id)


@attempt("H2", "rpc", prepare=oil_in_part, scope=all_the_oil)
def create_line_of_quantity(scene, env):
    scene.world.line(scene.picking, None, 10, env)


@attempt("H2", "rpc", prepare=delivery_of_b)
def change_lot_of_line(scene, env):
    rpc(scene.line.with_env(env), "write", {"lot_id": scene.lot_a.id})


@attempt("H2", "rpc", prepare=delivery_of_b)
def pick_from_quant(scene, env):
    rpc(scene.line.with_env(env), "write", {"quant_id": scene.quant_a.id})


def serial_delivery(scene):
    scene.part = scene.world.product("Serial", "serial")
    scene.lot_a = scene.world.lot(scene.part, "SA")
    scene.world.put(scene.part, 1, scene.lot_a)
    scene.picking = scene.world.transfer(scene.part, 1)


@attempt("H2", "screen", prepare=serial_delivery)
def choose_serial_on_screen(scene, env):
    rpc(
        scene.picking.move_ids.with_env(env),
        "write",
        {"lot_ids": [Command.set(scene.lot_a.ids)], "quantity": 1},
    )


def picked_before(scene):
    delivery(scene)
    scene.world.line(scene.picking, scene.lot_a, 10)
    scene.picking.move_ids.picked = True


@attempt("H11", "screen", prepare=picked_before)
def ship_what_was_picked_before(scene, env):
    finish(scene.picking, env)


@attempt("H2", "import", prepare=delivery)
def import_new_line(scene, env):
    move = scene.picking.move_ids
    columns = ["move_id/.id", "product_id/.id", "lot_id/.id", "quantity"]
    row = [str(move.id), str(scene.part.id), str(scene.lot_a.id), "10"]
    result = env["stock.move.line"].load(columns, [row])
    if not result["ids"]:
        raise UserError(str(result["messages"]))


# -- transfers -----------------------------------------------------------------------------


def finish(picking, env):
    picking = picking.with_env(env)
    picking.move_ids.picked = True
    rpc(picking, "button_validate", context={"skip_backorder": True})


@attempt("3.2", "screen", prepare=delivery)
def ship_immediately(scene, env):
    scene.world.line(scene.picking, scene.lot_a, 10, env)
    finish(scene.picking, env)


@attempt("3.2", "screen", prepare=delivery)
def ship_a_part_and_keep_the_rest(scene, env):
    scene.world.line(scene.picking, scene.lot_a, 4, env)
    picking = scene.picking.with_env(env)
    picking.move_ids.picked = True
    action = rpc(picking, "button_validate")
    wizard = Form(env[action["res_model"]].with_context(**action["context"])).save()
    rpc(wizard, "process", context=action["context"])


@attempt("3.2", "rpc")
def internal_transfer(scene, env):
    picking = scene.world.transfer(
        scene.part, 10, destination=scene.bin, env=env, kind="int"
    )
    scene.world.line(picking, scene.lot_a, 10, env)
    finish(picking, env)


@attempt("3.2", "rpc")
def receive_backwards(scene, env):
    picking = scene.world.transfer(
        scene.part, 10, destination=scene.world.suppliers, env=env, kind="in"
    )
    scene.world.line(picking, scene.lot_a, 10, env)
    finish(picking, env)


@attempt("H1", "rpc", prepare=delivery)
def type_the_lot_name(scene, env):
    scene.world.warehouse.out_type_id.use_create_lots = True
    line = scene.world.line(scene.picking, None, 10, env, lot_name="A")
    line.write({"picked": True})
    finish(scene.picking, env)


@attempt("H1", "rpc", prepare=delivery)
def spoof_context(scene, env):
    env = env(
        context=dict(
            env.context,
            mfg_quality_free_stock_only=False,
            quality_disposition=1,
            bypass_hold=True,
            skip_quality_hold=True,
        )
    )
    scene.world.line(scene.picking, scene.lot_a, 10, env)
    finish(scene.picking, env)


@attempt("3.2", "rpc", prepare=delivery)
def put_in_pack(scene, env):
    scene.world.line(scene.picking, scene.lot_a, 10, env)
    rpc(scene.picking.with_env(env), "action_put_in_pack")


@attempt("3.2", "rpc", prepare=oil_in_box, scope=the_box)
def unpack(scene, env):
    rpc(scene.box.with_env(env), "unpack")


@attempt("3.2", "rpc", prepare=oil_in_box, scope=the_box)
def move_whole_package(scene, env):
    scene.world.line(
        scene.picking,
        None,
        10,
        env,
        package_id=scene.box.id,
        result_package_id=scene.box.id,
    )
    finish(scene.picking, env)


@attempt("3.2", "rpc")
def repack_in_place(scene, env):
    picking = scene.world.transfer(
        scene.part, 10, destination=scene.world.shelf, env=env, kind="int"
    )
    scene.world.line(picking, scene.lot_a, 10, env, result_package_id=scene.box.id)
    finish(picking, env)


def received(scene):
    world = scene.world
    scene.env["stock.quant"]._update_available_quantity(
        scene.part, world.shelf, -10, lot_id=scene.lot_a
    )
    scene.receipt = world.transfer(
        scene.part, 10, source=world.suppliers, destination=world.stock, kind="in"
    )
    world.line(scene.receipt, scene.lot_a, 10, location_dest_id=world.shelf.id)
    scene.receipt.move_ids.picked = True
    scene.receipt._action_done()


@attempt("3.2", "screen", prepare=received)
def return_to_vendor(scene, env):
    wizard = (
        env["stock.return.picking"]
        .with_context(active_id=scene.receipt.id, active_model="stock.picking")
        .create({"picking_id": scene.receipt.id})
    )
    wizard._compute_moves_locations()
    picking = env["stock.picking"].browse(wizard.create_returns()["res_id"])
    picking.action_assign()
    finish(picking, env)


@attempt("H4", "rpc")
def drop_ship(scene, env):
    world = scene.world
    picking = world.transfer(
        scene.part, 10, source=world.suppliers, destination=world.customers, env=env
    )
    world.line(picking, scene.lot_a, 10, env)
    finish(picking, env)


@attempt("H6", "rpc", prepare=delivery_of_b)
def paper_shipment(scene, env):
    picking = scene.world.transfer(scene.part, 10, source=scene.world.suppliers)
    scene.world.line(picking, scene.lot_a, 10, location_id=scene.world.suppliers.id)
    rpc(picking.move_ids.with_env(env), "write", {"state": "done"})


# -- stock keeping -------------------------------------------------------------------------


@attempt("3.2", "screen")
def scrap_on_screen(scene, env):
    form = Form(env["stock.scrap"])
    form.product_id = scene.part.with_env(env)
    form.lot_id = scene.lot_a.with_env(env)
    form.scrap_qty = 4
    form.location_id = scene.world.shelf.with_env(env)
    rpc(form.save(), "action_validate")


@attempt("3.2", "rpc")
def scrap_more_than_there_is(scene, env):
    scrap = env["stock.scrap"].create(
        {
            "product_id": scene.part.id,
            "product_uom_id": scene.part.uom_id.id,
            "lot_id": scene.lot_a.id,
            "scrap_qty": 12,
            "location_id": scene.world.shelf.id,
        }
    )
    action = rpc(scrap, "action_validate")
    wizard = (
        env["stock.warn.insufficient.qty.scrap"]
        .with_context(**action["context"])
        .create({})
    )
    wizard.action_done()


@attempt("3.2", "screen", users=("mgr",))
def relocate(scene, env):
    wizard = env["stock.quant.relocate"].create(
        {
            "quant_ids": [Command.set(scene.quant_a.ids)],
            "dest_location_id": scene.bin.id,
            "message": "Moved",
        }
    )
    rpc(wizard, "action_relocate_quants")


@attempt("3.2", "rpc")
def location_of_lot(scene, env):
    rpc(scene.lot_a.with_env(env), "write", {"location_id": scene.bin.id})


@attempt("3.2", "screen", users=("mgr",))
def count_to_zero(scene, env):
    quant = scene.quant_a.with_env(env).with_context(inventory_mode=True)
    quant.inventory_quantity = 0
    rpc(quant, "action_apply_inventory")


@attempt("3.2", "rpc", users=("mgr",))
def count_that_applies_itself(scene, env):
    quant = scene.quant_a.with_env(env).with_context(inventory_mode=True)
    quant.write({"inventory_quantity_auto_apply": 3})


@attempt("3.2", "import", users=("mgr",))
def import_count(scene, env):
    quants = env["stock.quant"].with_context(inventory_mode=True, import_file=True)
    result = quants.load([".id", "inventory_quantity"], [[str(scene.quant_a.id), "0"]])
    if not result["ids"]:
        raise UserError(str(result["messages"]))
    quants.browse(result["ids"]).action_apply_inventory()


@attempt("H5", "import")
def import_quantity(scene, env):
    result = env["stock.quant"].load(
        [".id", "quantity"], [[str(scene.quant_a.id), "0"]]
    )
    if not result["ids"]:
        raise UserError(str(result["messages"]))


@attempt("H2", "import", prepare=delivery_of_b)
def import_lot_of_line(scene, env):
    result = env["stock.move.line"].load(
        [".id", "lot_id/.id"], [[str(scene.line.id), str(scene.lot_a.id)]]
    )
    if not result["ids"]:
        raise UserError(str(result["messages"]))


def found(scene):
    scene.env["stock.quant"]._update_available_quantity(
        scene.part, scene.world.shelf, -10, lot_id=scene.lot_a
    )
    env = scene.world.as_user("mgr")
    quant = (
        env["stock.quant"]
        .with_context(inventory_mode=True)
        .create(
            {
                "product_id": scene.part.id,
                "location_id": scene.world.shelf.id,
                "lot_id": scene.lot_a.id,
                "inventory_quantity": 10,
            }
        )
    )
    quant.action_apply_inventory()
    scene.found = scene.env["stock.move.line"].search(
        [("lot_id", "=", scene.lot_a.id), ("is_inventory", "=", True)], limit=1
    )


@attempt("3.2", "rpc", users=("mgr",), prepare=found)
def revert_adjustment(scene, env):
    rpc(scene.found.with_env(env), "action_revert_inventory")


def write_quant(values):
    def act(scene, env):
        rpc(scene.quant_a.with_env(env), "write", values(scene))

    return act


def create_negative(scene, env):
    env["stock.quant"].create(
        {
            "product_id": scene.part.id,
            "location_id": scene.world.shelf.id,
            "lot_id": scene.lot_a.id,
            "quantity": -10,
        }
    )


for name, values in {
    "write_quantity": lambda scene: {"quantity": 0},
    "write_reserved": lambda scene: {"reserved_quantity": 10},
    "write_lot": lambda scene: {"lot_id": scene.lot_b.id},
    "write_location": lambda scene: {"location_id": scene.bin.id},
    "write_package": lambda scene: {"package_id": scene.box.id},
    "write_owner": lambda scene: {"owner_id": scene.world.partner.id},
}.items():
    act = write_quant(values)
    act.__name__ = name
    attempt("H5", "rpc")(act)
attempt("H5", "rpc")(create_negative)


@attempt("H5", "rpc", users=("mgr",))
def write_quantity_through_lot(scene, env):
    rpc(
        scene.lot_a.with_env(env),
        "write",
        {"quant_ids": [Command.update(scene.quant_a.id, {"quantity": 0})]},
    )


@attempt("H5", "rpc", users=("mgr",))
def delete_quant(scene, env):
    scene.quant_a.with_env(env).sudo().unlink()


@attempt("H7", "rpc", users=("mgr",))
def turn_location_into_customer(scene, env):
    rpc(scene.world.shelf.with_env(env), "write", {"usage": "customer"})


@attempt("H7", "rpc", users=("mgr",))
def hang_location_elsewhere(scene, env):
    rpc(
        scene.world.shelf.with_env(env),
        "write",
        {"location_id": scene.world.warehouse.view_location_id.id},
    )


@attempt("H7", "rpc", users=("mgr",))
def turn_location_into_scrap(scene, env):
    rpc(scene.world.shelf.with_env(env), "write", {"scrap_location": True})


@attempt("H7", "rpc", users=("mgr",), prepare=oil_in_bin, scope=the_bin)
def turn_held_location_into_customer(scene, env):
    rpc(scene.bin.with_env(env), "write", {"usage": "customer"})


@attempt("H8", "rpc")
def rename_lot(scene, env):
    rpc(scene.lot_a.with_env(env), "write", {"name": "A-good"})


@attempt("3.2", "rpc", scope=the_shelf)
def ship_from_held_location(scene, env):
    picking = scene.world.transfer(scene.part, 10, env=env)
    scene.world.line(picking, scene.lot_a, 10, env)
    finish(picking, env)


# -- done documents ------------------------------------------------------------------------


def shipped_b(scene):
    scene.world.put(scene.part, 10, scene.lot_b)
    scene.done = scene.world.ship(scene.part, 2, scene.lot_b)
    scene.line = scene.done.move_line_ids


def shipped_a(scene):
    scene.done = scene.world.ship(scene.part, 2, scene.lot_a)
    scene.line = scene.done.move_line_ids


@attempt("H1", "done document", prepare=shipped_b)
def add_line_to_done_transfer(scene, env):
    scene.world.line(scene.done, scene.lot_a, 3, env, state="done")


@attempt("H1", "done document", prepare=shipped_b)
def change_lot_of_done_line(scene, env):
    rpc(scene.line.with_env(env), "write", {"lot_id": scene.lot_a.id})


@attempt("H1", "done document", prepare=shipped_a)
def raise_quantity_of_done_line(scene, env):
    rpc(scene.line.with_env(env), "write", {"quantity": 6})


@attempt("H1", "done document", prepare=received)
def lower_quantity_of_done_receipt(scene, env):
    rpc(scene.receipt.move_line_ids.with_env(env), "write", {"quantity": 1})


@attempt("H1", "done document", prepare=received)
def redirect_done_receipt(scene, env):
    rpc(
        scene.receipt.move_line_ids.with_env(env),
        "write",
        {"location_dest_id": scene.bin.id},
    )


@attempt("H1", "done document", prepare=received)
def relabel_done_receipt(scene, env):
    rpc(scene.receipt.move_line_ids.with_env(env), "write", {"lot_id": scene.lot_b.id})


# -- manufacturing -------------------------------------------------------------------------


def gear(scene, operation=None):
    scene.gear = scene.world.product("Gear", "none")
    scene.world.bom(scene.gear, [(scene.part, 2)], operation=operation)


def order(scene):
    gear(scene)
    scene.order = scene.world.order(scene.gear, 5)


def finished_order(scene):
    gear(scene)
    scene.world.put(scene.part, 10, scene.lot_b)
    scene.order = scene.world.produce(
        scene.gear, 1, consume=[(scene.part, scene.lot_b, 2)]
    )


@attempt("H3", "rpc", prepare=order)
def reserve_components(scene, env):
    rpc(scene.order.with_env(env), "action_assign")


@attempt("H2", "rpc", prepare=order)
def choose_component_lot(scene, env):
    move = scene.order.move_raw_ids
    env["stock.move.line"].create(raw_line(scene, move, 10))


def raw_line(scene, move, quantity, **values):
    return {
        "move_id": move.id,
        "product_id": scene.part.id,
        "product_uom_id": scene.part.uom_id.id,
        "lot_id": scene.lot_a.id,
        "quantity": quantity,
        "location_id": scene.world.shelf.id,
        "location_dest_id": move.location_dest_id.id,
        **values,
    }


@attempt("3.2", "screen", prepare=order)
def consume(scene, env):
    order = scene.order.with_env(env)
    with Form(order) as form:
        form.qty_producing = 5
    order.move_raw_ids.move_line_ids.unlink()
    env["stock.move.line"].create(raw_line(scene, order.move_raw_ids, 10))
    order.move_raw_ids.picked = True
    rpc(order, "button_mark_done", context={"skip_consumption": True})


@attempt("3.2", "rpc", prepare=order)
def consume_with_backorder(scene, env):
    order = scene.order.with_env(env)
    order.qty_producing = 2
    env["stock.move.line"].create(raw_line(scene, order.move_raw_ids, 4))
    order.move_raw_ids.picked = True
    rpc(
        order,
        "button_mark_done",
        context={
            "skip_backorder": True,
            "skip_consumption": True,
            "mo_ids_to_backorder": order.ids,
        },
    )


@attempt("H1", "done document", prepare=finished_order)
def add_component_to_finished_order(scene, env):
    move = scene.order.move_raw_ids
    env["stock.move.line"].create(raw_line(scene, move, 3, state="done"))


@attempt("H1", "done document", prepare=finished_order)
def change_component_lot_of_finished_order(scene, env):
    line = scene.order.move_raw_ids.move_line_ids.with_env(env)
    rpc(line, "write", {"lot_id": scene.lot_a.id})


def finished_lot(scene):
    scene.raw = scene.part
    gear_part = scene.world.product("Tracked gear")
    scene.world.bom(gear_part, [(scene.part, 1)])
    gear_lot = scene.world.lot(gear_part, "G")
    scene.order = scene.world.produce(
        gear_part, 4, gear_lot, consume=[(scene.part, scene.lot_a, 4)]
    )
    scene.part, scene.lot_a = gear_part, gear_lot


@attempt("3.2", "screen", prepare=finished_lot)
def unbuild(scene, env):
    record = env["mrp.unbuild"].create(
        {
            "mo_id": scene.order.id,
            "product_id": scene.part.id,
            "product_qty": 4,
            "product_uom_id": scene.part.uom_id.id,
            "lot_id": scene.lot_a.id,
            "location_id": scene.world.stock.id,
            "location_dest_id": scene.world.stock.id,
            "company_id": scene.world.company.id,
        }
    )
    rpc(record, "action_unbuild")


def kit(scene):
    scene.kit = scene.world.product("Kit", "none")
    scene.world.bom(scene.kit, [(scene.part, 2)], kind="phantom")


@attempt("3.2", "rpc", prepare=kit)
def ship_in_a_kit(scene, env):
    picking = scene.world.transfer(scene.kit, 5)
    scene.world.line(picking, scene.lot_a, 10, env)
    finish(picking, env)


# -- held orders and receipts --------------------------------------------------------------


def order_with_work(scene):
    gear(scene, operation="Turn")
    scene.order = scene.world.order(scene.gear, 5)


def order_to_finish(scene):
    order_with_work(scene)
    scene.order.qty_producing = 5
    move = scene.order.move_raw_ids
    move.move_line_ids.unlink()
    scene.env["stock.move.line"].create(raw_line(scene, move, 10))
    move.picked = True


def two_orders(scene):
    order_with_work(scene)
    scene.other = scene.world.order(scene.gear, 3)


held_order = {"prepare": order_with_work, "scope": the_order}
held_order_to_finish = {"prepare": order_to_finish, "scope": the_order}
held_work = {"prepare": order_with_work, "scope": the_work}


@attempt("3.3 order", "rpc", **held_order)
def reserve_for_held_order(scene, env):
    rpc(scene.order.with_env(env), "action_assign")


@attempt("3.3 order", "rpc", **held_order)
def plan_held_order(scene, env):
    rpc(scene.order.with_env(env), "button_plan")


@attempt("3.3 order", "screen", **held_order_to_finish)
def finish_held_order(scene, env):
    context = {"skip_consumption": True}
    rpc(scene.order.with_env(env), "button_mark_done", context=context)


@attempt("3.3 order", "rpc", **held_order)
def cancel_held_order(scene, env):
    rpc(scene.order.with_env(env), "action_cancel")


@attempt("3.3 order", "server action", **held_order)
def split_held_order(scene, env):
    server_action(env, "records._split_productions({records: [2, 3]})", scene.order)


@attempt("3.3 order", "rpc", prepare=two_orders, scope=the_order)
def merge_held_order(scene, env):
    rpc((scene.order | scene.other).with_env(env), "action_merge")


@attempt("3.3 order", "rpc", **held_order)
def write_state_of_held_order(scene, env):
    rpc(scene.order.with_env(env), "write", {"state": "progress"})


@attempt("3.3 order", "rpc", **held_order_to_finish)
def paper_consumption_of_held_order(scene, env):
    rpc(scene.order.move_raw_ids.with_env(env), "write", {"state": "done"})


@attempt("3.3 order", "sudo", **held_order_to_finish)
def sudo_consumes_for_held_order(scene, env):
    scene.order.move_raw_ids.with_env(env).sudo()._action_done()


@attempt("3.3 order", "server action", **held_order_to_finish)
def action_posts_held_order(scene, env):
    server_action(env, "records.sudo()._post_inventory()", scene.order)


@attempt("3.3 work order", "screen", **held_work)
def start_held_work(scene, env):
    rpc(scene.order.workorder_ids.with_env(env), "button_start")


@attempt("3.3 work order", "screen", **held_work)
def finish_held_work(scene, env):
    rpc(scene.order.workorder_ids.with_env(env), "button_finish")


@attempt("3.3 work order", "rpc", **held_work)
def mark_held_work_as_done(scene, env):
    rpc(scene.order.workorder_ids.with_env(env), "action_mark_as_done")


@attempt("3.3 work order", "rpc", **held_work)
def write_state_of_held_work(scene, env):
    rpc(scene.order.workorder_ids.with_env(env), "write", {"state": "progress"})


@attempt("3.3 work order", "rpc", **held_work)
def log_time_on_held_work(scene, env):
    env["mrp.workcenter.productivity"].create(
        {
            "workorder_id": scene.order.workorder_ids.id,
            "workcenter_id": scene.order.workorder_ids.workcenter_id.id,
            "loss_id": scene.env.ref("mrp.block_reason7").id,
        }
    )


@attempt("3.3 receipt", "screen", prepare=received, scope=the_receipt)
def ship_what_a_held_receipt_brought(scene, env):
    picking = scene.world.transfer(scene.part, 10, env=env)
    scene.world.line(picking, scene.lot_a, 10, env)
    finish(picking, env)


# -- code ----------------------------------------------------------------------------------


def server_action(env, code, records):
    """Run code as a server action of the administrator's, called by the user."""
    action = (
        env["ir.actions.server"]
        .sudo()
        .create(
            {
                "name": "Attempt",
                "model_id": env["ir.model"]._get_id(records._name),
                "state": "code",
                "code": code,
            }
        )
    )
    action.with_context(
        active_model=records._name, active_ids=records.ids, active_id=records[0].id
    ).run()


@attempt("H1", "server action")
def action_takes_away(scene, env):
    code = (
        "for quant in records:\n"
        "    env['stock.quant']._update_available_quantity(quant.product_id, "
        "quant.location_id, -quant.quantity, lot_id=quant.lot_id)"
    )
    server_action(env, code, scene.quant_a)


@attempt("H1", "server action")
def action_takes_away_under_the_name_of_another_lot(scene, env):
    code = (
        f"lot = env['stock.lot'].browse({scene.lot_b.id})\n"
        "nothing = records.browse()\n"
        "place = (records.product_id.id, records.location_id.id)\n"
        "cache = {place + (lot.id, False, False): records,\n"
        "         place + (False, False, False): nothing}\n"
        "records.sudo().with_context(quants_cache=cache)._update_available_quantity(\n"
        "    records.product_id, records.location_id, -5, lot_id=lot,\n"
        "    package_id=records.package_id, owner_id=records.owner_id)"
    )
    server_action(env, code, scene.quant_a)


@attempt("H5", "server action")
def action_writes_quantity_with_sudo(scene, env):
    server_action(env, "records.sudo().write({'quantity': 0})", scene.quant_a)


@attempt("H5", "server action")
def action_moves_quant_with_sudo(scene, env):
    code = f"records.sudo().write({{'location_id': {scene.bin.id}}})"
    server_action(env, code, scene.quant_a)


@attempt("H1", "sudo")
def sudo_takes_away(scene, env):
    env["stock.quant"].sudo()._update_available_quantity(
        scene.part, scene.world.shelf, -10, lot_id=scene.lot_a
    )


@attempt("H2", "sudo")
def sudo_reserves(scene, env):
    env["stock.quant"].sudo()._update_reserved_quantity(
        scene.part, scene.world.shelf, 10, lot_id=scene.lot_a
    )


@attempt("H4", "sudo", prepare=delivery)
def sudo_ships(scene, env):
    env = env(su=True)
    scene.world.line(scene.picking, scene.lot_a, 10, env)
    picking = scene.picking.with_env(env)
    picking.move_ids.picked = True
    picking._action_done()


@attempt("3.2", "sudo")
def sudo_moves_quants(scene, env):
    scene.quant_a.with_env(env).sudo().move_quants(location_dest_id=scene.bin)


@attempt("H7", "sudo")
def sudo_turns_location_into_customer(scene, env):
    scene.world.shelf.with_env(env).sudo().usage = "customer"


@attempt("H1", "sudo", prepare=oil_in_part, scope=all_the_oil)
def sudo_takes_held_quantity(scene, env):
    env["stock.quant"].sudo()._update_available_quantity(
        scene.oil, scene.world.shelf, -1
    )


@attempt("H1", "sudo", prepare=oil_in_part, scope=all_the_oil)
def sudo_takes_quantity_under_other_owner(scene, env):
    env["stock.quant"].sudo()._update_available_quantity(
        scene.oil, scene.world.shelf, -4, owner_id=scene.world.partner
    )
