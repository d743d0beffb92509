/** @odoo-module **/

import {app, card, entry, home, menu} from "./steps";
import {_t} from "@web/core/l10n/translation";
import {addFirstSteps} from "../first_steps/first_steps";

const intercompany = (content) => menu("mfg_multi_company.mfg_ic_menu", content);

addFirstSteps("mfg_suite_controller", _t("What companies owe each other"), () => [
    ...card("intercompany", _t("Where two plants disagree about an order, a delivery or an invoice.")),
    ...app(
        "mfg_multi_company.mfg_multi_company_menu_root",
        _t("Plants, and what they do with each other.")
    ),
    intercompany(_t("Deals between companies.")),
    entry(
        "mfg_multi_company.mfg_ic_balance_menu",
        _t("A row per pair of companies and month: what both books say, and the difference.")
    ),
    intercompany(_t("Why do they differ?")),
    entry(
        "mfg_multi_company.mfg_ic_mismatch_menu",
        _t("Invoices without a bill, and those that differ in total, tax or month.")
    ),
    intercompany(_t("Whose turn is it?")),
    entry(
        "mfg_multi_company.mfg_ic_exception_menu",
        _t("Each disagreement has an owner on both sides. Repair it, or resolve it with a reason.")
    ),
    intercompany(_t("And from end to end?")),
    entry(
        "mfg_multi_company.mfg_ic_flow_menu",
        _t("One row per deal, from the order to the payment.")
    ),
    intercompany(_t("What is the price?")),
    entry(
        "mfg_multi_company.mfg_ic_price_rule_menu",
        _t("Transfer prices: proposed by one, approved by another, valid from a date.")
    ),
    ...home(),
]);
