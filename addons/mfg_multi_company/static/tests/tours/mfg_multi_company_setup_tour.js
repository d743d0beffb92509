/** @odoo-module **/

import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_service/tour_utils";

const FORM = ".o_form_view";
const ROW = ".o_selected_row";

/** Steps that open an entry below a menu of the application. */
function menu(section, entry, title) {
    return [
        {
            content: `${section}, for ${entry}`,
            trigger: `.o_menu_sections button.dropdown-toggle:contains('${section}')`,
        },
        {content: entry, trigger: `.o-dropdown--menu a:contains('${entry}')`},
        {
            content: `${entry} is open`,
            trigger: `.o_breadcrumb:contains('${title}')`,
            isCheck: true,
        },
    ];
}

/** A step that writes into a text field. */
function fill(field, text, inside) {
    return {
        content: `${field}: ${text}`,
        trigger: `${inside} .o_field_widget[name='${field}'] input`,
        run: `text ${text}`,
    };
}

/** Steps that choose a record in a field with a search. */
function choose(field, text, inside) {
    return [
        fill(field, text, inside),
        {
            content: `${text} is found`,
            trigger: `.o-autocomplete--dropdown-item > a:contains('${text}'):not(:contains('Create'))`,
        },
    ];
}

/**
 * A plant with a steward and a person with a role, as a consultant sets them up without
 * developer mode.
 *
 * Expects the list of plants of a user who may configure them.
 */
registry.category("web_tour.tours").add("mfg_multi_company_setup", {
    test: true,
    steps: () => [
        {content: "New plant", trigger: ".o-kanban-button-new"},
        fill("name", "Machining Linz", FORM),
        fill("code", "LNZ", FORM),
        {
            content: "A steward for the items",
            trigger: ".o_field_x2many_list_row_add a",
        },
        {
            content: "Of items",
            trigger: `${ROW} .o_field_widget[name='domain'] select`,
            run: "text Items",
        },
        ...choose("steward_id", "Group worker", ROW),
        ...stepUtils.saveForm(),
        {content: "Take it into operation", trigger: "button[name='action_activate']"},
        {
            content: "It is active",
            trigger: ".o_arrow_button_current:contains('Active')",
            isCheck: true,
        },
        ...menu("People", "Role Assignments", "Role Assignments"),
        {content: "New assignment", trigger: ".o_list_button_add"},
        ...choose("user_id", "Group worker", FORM),
        ...choose("role_id", "Production Planner", FORM),
        ...choose("plant_id", "Machining Linz", FORM),
        ...stepUtils.saveForm(),
        {content: "Ask for approval", trigger: "button[name='action_request']"},
        {
            content: "It waits for a second person",
            trigger: ".o_arrow_button_current:contains('Requested')",
            isCheck: true,
        },
    ],
});
