/** @odoo-module **/

import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_service/tour_utils";

/** Steps that open an entry of the configuration menu. */
function configuration(entry, title) {
    return [
        {
            content: `Configuration, for ${entry}`,
            trigger: ".o_menu_sections button.dropdown-toggle:contains('Configuration')",
        },
        {
            content: entry,
            trigger: `.o-dropdown--menu a:contains('${entry}')`,
        },
        {
            content: `${entry} is open`,
            trigger: `.o_breadcrumb:contains('${title}')`,
            isCheck: true,
        },
    ];
}

/** Steps that write into a text field of the row or form that is being edited. */
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

const ROW = ".o_list_renderer .o_selected_row";
const FORM = ".o_form_view";

/**
 * What a consultant does on the first day, without developer mode: a reason, a rule, a row of
 * the approval matrix.
 *
 * Expects the holds of a user who may configure them.
 */
registry.category("web_tour.tours").add("mfg_quality_hold_setup", {
    test: true,
    steps: () => [
        ...configuration("Reasons", "Reasons"),
        {content: "New reason", trigger: ".o_list_button_add"},
        fill("code", "POROSITY", ROW),
        fill("name", "Porous casting", ROW),
        {
            content: "It is critical",
            trigger: `${ROW} .o_field_widget[name='severity'] select`,
            run: "text Critical",
        },
        fill("sla_hours", "12", ROW),
        {content: "Keep the reason", trigger: ".o_list_button_save"},
        {
            content: "The reason is there",
            trigger: ".o_data_row:not(.o_selected_row) td:contains('POROSITY')",
            isCheck: true,
        },
        ...configuration("Rules", "Hold Rules"),
        {content: "New rule", trigger: ".o_list_button_add"},
        fill("name", "Inspect castings", FORM),
        ...choose("vendor_id", "Tour Castings", FORM),
        ...choose("reason_id", "Porous casting", FORM),
        ...stepUtils.saveForm(),
        ...configuration("Approval Matrix", "Approval Matrix"),
        {content: "New row", trigger: ".o_list_button_add"},
        fill("name", "Two sign for scrap", ROW),
        {
            content: "For scrap",
            trigger: `${ROW} .o_field_widget[name='kind'] select`,
            run: "text Scrap",
        },
        ...choose("group_id", "Quality Approval", ROW),
        fill("count", "2", ROW),
        {content: "Keep the row", trigger: ".o_list_button_save"},
        {
            content: "The row is there",
            trigger: ".o_data_row:not(.o_selected_row) td:contains('Two sign for scrap')",
            isCheck: true,
        },
    ],
});
