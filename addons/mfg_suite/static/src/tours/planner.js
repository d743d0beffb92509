/** @odoo-module **/

import {app, card, entry, home, list, menu, unlessEmpty} from "./steps";
import {_t} from "@web/core/l10n/translation";
import {addFirstSteps} from "../first_steps/first_steps";

addFirstSteps("mfg_suite_planner", _t("Where every order stands"), () => [
    ...card("mine", _t("What waits for you: releases, disagreements with other plants, holds.")),
    ...app("mrp.menu_mrp_root", _t("Your orders.")),
    menu("mrp.menu_mrp_manufacturing", _t("Go to the orders.")),
    entry(
        "mrp.menu_mrp_production_action",
        _t("Orders of the plants that are ticked in the company switcher.")
    ),
    ...unlessEmpty(
        list("product_qty"),
        {
            content: _t("Open an order."),
            trigger: `${list("product_qty")} .o_data_row td[name='name']`,
            position: "bottom",
        },
        {
            content: _t("A line per step: what is done, what is late, and whose turn it is."),
            trigger: ".o_form_view .o_notebook a[name='mfg_lifecycle']",
            position: "top",
        }
    ),
    ...app(
        "mfg_multi_company.mfg_multi_company_menu_root",
        _t("What plants agree about, and what they do not.")
    ),
    menu(
        "mfg_multi_company.mfg_release_menu",
        _t("Orders that wait for a release: never by whoever made or asked for them.")
    ),
    menu("mfg_multi_company.mfg_ic_menu", _t("When you buy from another plant.")),
    entry(
        "mfg_multi_company.mfg_ic_flow_menu",
        _t("One row per deal, with the documents of both sides. Changes are proposed there.")
    ),
    ...home(),
]);
