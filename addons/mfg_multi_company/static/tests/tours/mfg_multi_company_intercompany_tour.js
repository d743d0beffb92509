/** @odoo-module **/

import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_service/tour_utils";
import {ROW, choose, fill, menu} from "./steps";

/** Steps that make a plant for one of the user's companies. */
function plant(name, code, company) {
    return [
        {content: "New plant", trigger: ".o-kanban-button-new"},
        fill("name", name),
        fill("code", code),
        ...choose("company_id", company),
        ...stepUtils.saveForm(),
        {content: "Take it into operation", trigger: "button[name='action_activate']"},
        {
            content: `${name} is active`,
            trigger: ".o_arrow_button_current:contains('Active')",
            isCheck: true,
        },
    ];
}

/**
 * Two plants, a policy, an agreement with a price rule and a gate, as a consultant sets them
 * up without developer mode.
 *
 * Expects the plants of a user who may configure them in two companies.
 */
registry.category("web_tour.tours").add("mfg_multi_company_intercompany", {
    test: true,
    steps: () => [
        ...plant("Machining Linz", "LNZ", "Group A"),
        {content: "Back to the plants", trigger: ".o_breadcrumb a:contains('Plants')"},
        ...plant("Foundry Brno", "BRN", "Group B"),
        ...menu("Configuration", "Data Policies", "Data Policies"),
        {content: "New policy", trigger: ".o_list_button_add"},
        fill("name", "Names of items"),
        ...choose("model_id", "Product Variant"),
        {
            content: "A field",
            trigger: ".o_field_widget[name='line_ids'] .o_field_x2many_list_row_add a",
        },
        ...choose("field_id", "Internal Reference", ROW),
        ...stepUtils.saveForm(),
        ...menu("Intercompany", "Agreements", "Agreements"),
        {content: "New agreement", trigger: ".o_list_button_add"},
        ...choose("seller_company_id", "Group B"),
        ...choose("buyer_company_id", "Group A"),
        ...stepUtils.saveForm(),
        {
            content: "It says what is missing",
            trigger: ".alert:contains('Group B: fill in')",
            isCheck: true,
        },
        {content: "Prices", trigger: ".o_notebook a[name='prices']"},
        {
            content: "A price",
            trigger: ".o_field_widget[name='price_rule_ids'] .o_field_x2many_list_row_add a",
        },
        {
            content: "Eight per cent on top of the cost",
            trigger: ".o_field_widget[name='percent'] input",
            run: "text 8",
        },
        {content: "Keep the price", trigger: ".modal-footer .o_form_button_save"},
        {
            content: "The price is there",
            trigger: ".o_field_widget[name='price_rule_ids'] .o_data_row",
            isCheck: true,
        },
        ...stepUtils.saveForm(),
        ...menu("Configuration", "Release Gates", "Release Gates"),
        {content: "New gate", trigger: ".o_list_button_add"},
        fill("name", "Orders of Linz"),
        ...choose("plant_id", "Machining Linz"),
        ...stepUtils.saveForm(),
    ],
});
