/** @odoo-module **/

import {app, card, close, entry, home, list, menu, unlessEmpty} from "./steps";
import {_t} from "@web/core/l10n/translation";
import {addFirstSteps} from "../first_steps/first_steps";

addFirstSteps("mfg_suite_warehouse", _t("Stock, and what is on hold"), () => [
    ...card("stock", _t("Stock of your plants, also where another system keeps it.")),
    ...unlessEmpty(list("lot_name"), {
        content: _t("Unfold a plant: each lot, where it is, and who says so."),
        trigger: `${list("lot_name")} .o_group_header .o_group_name`,
        position: "bottom",
    }),
    ...app(
        "mfg_quality_hold.mfg_quality_hold_menu_root",
        _t("What must not move, on a board by state.")
    ),
    ...unlessEmpty(
        ".o_kanban_view",
        {
            content: _t("Open a hold."),
            trigger: ".o_kanban_view .o_kanban_record:not(.o_kanban_ghost)",
            position: "right",
        },
        {
            content: _t(
                "What exactly is held. Print Tag, above, makes the label that is stuck on the goods."
            ),
            trigger: ".o_form_view .o_notebook a[name='lines']",
            position: "top",
        }
    ),
    menu(
        "mfg_quality_hold.mfg_quality_hold_place_menu",
        _t("Something looks wrong? You may stop it yourself. This time only to look.")
    ),
    {
        content: _t("Scan the label of a lot, package, location, transfer or order."),
        trigger: ".o_field_widget[name='scanned'] input",
        position: "right",
        consumeEvent: "click",
        run: "click",
    },
    {
        content: _t("Choose why. Quality is responsible from then on."),
        trigger: ".o_field_widget[name='reason_id'] input",
        position: "right",
    },
    close(_t("Place on Hold would stop it at once. Close it: nothing is held.")),
    ...app("stock.menu_stock_root", _t("Receipts and deliveries are Odoo's own.")),
    menu("stock.menu_stock_warehouse_mgmt", _t("Go to the transfers.")),
    entry(
        "stock.in_picking",
        _t("A transfer with held stock has a red bar that leads to the hold: take another lot.")
    ),
    ...home(),
]);
