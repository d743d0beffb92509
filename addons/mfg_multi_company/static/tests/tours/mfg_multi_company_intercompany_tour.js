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

/** Steps that say who answers for a side of an agreement, and who writes its documents. */
function side(company, owner, service) {
    return [
        {
            content: `Side of ${company}`,
            trigger: `.o_field_widget[name='side_ids'] .o_data_row td[name='company_id']:contains('${company}')`,
        },
        ...choose("owner_id", owner),
        ...choose("service_user_id", service),
        {content: "Keep the side", trigger: ".modal-footer .o_form_button_save"},
        {
            content: `${company} has its people`,
            trigger: `.o_field_widget[name='side_ids'] td[name='service_user_id']:contains('${service}')`,
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
        {content: "Our side", trigger: ".o_notebook a[name='sides']"},
        ...side("Group A", "Group worker", "Group service_a"),
        ...side("Group B", "Group seller", "Group service_b"),
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
        {content: "Ask both sides", trigger: "button[name='action_propose']"},
        {
            content: "Both sides are asked",
            trigger: ".o_arrow_button_current:contains('Proposed')",
            isCheck: true,
        },
        ...menu("Intercompany", "Transfer Prices", "Transfer Prices"),
        {content: "The price", trigger: ".o_data_row td[name='percent']:contains('8')"},
        {content: "Ask for its approval", trigger: "button[name='action_request']"},
        {
            content: "It waits for a second person",
            trigger: ".o_arrow_button_current:contains('Requested')",
            isCheck: true,
        },
        ...menu("Configuration", "Release Gates", "Release Gates"),
        {content: "New gate", trigger: ".o_list_button_add"},
        fill("name", "Orders of Linz"),
        ...choose("plant_id", "Machining Linz"),
        ...stepUtils.saveForm(),
    ],
});
