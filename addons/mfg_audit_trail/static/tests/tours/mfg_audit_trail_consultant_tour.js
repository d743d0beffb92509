/** @odoo-module **/

import {registry} from "@web/core/registry";

/**
 * A consultant switches a profile on, adds a rule with a reason and reads a timeline.
 *
 * Expects the list of profiles and a contact "A Tour Supplier".
 */
registry.category("web_tour.tours").add("mfg_audit_trail_consultant", {
    test: true,
    steps: () => [
        {
            content: "Switch the profile Access on",
            trigger: "tr:has(td:contains('Access')) button[name='action_switch_on']",
        },
        {
            content: "It is on",
            trigger: "tr:has(td:contains('Access')) button[name='action_switch_off']",
            isCheck: true,
        },
        {
            content: "Open the configuration",
            trigger: "[data-menu-xmlid='mfg_audit_trail.menu_configuration']",
        },
        {
            content: "Open the rules",
            trigger: ".dropdown-item[data-menu-xmlid='mfg_audit_trail.menu_rule']",
        },
        {
            content: "New rule",
            trigger: ".o_list_button_add",
            extra_trigger: ".o_breadcrumb .active:contains('Rules')",
        },
        {
            content: "For contacts",
            trigger: ".o_field_widget[name='model_id'] input",
            run: "text res.partner",
        },
        {
            content: "Take the model",
            trigger: ".ui-menu-item > a:contains('Contact'):first",
        },
        {
            content: "Changes need a reason",
            trigger: ".o_field_widget[name='reason_required'] select",
            run: 'text "change"',
        },
        {
            content: "Save the rule",
            trigger: ".o_form_button_save",
        },
        {
            content: "It is saved",
            trigger: ".o_form_saved",
            isCheck: true,
        },
        {
            content: "Open the records of the rule",
            trigger: "button[name='action_open_records']",
        },
        {
            content: "Open the supplier",
            trigger: ".o_data_row td:contains('A Tour Supplier')",
        },
        {
            content: "Change the phone number",
            trigger: ".o_form_view .o_field_widget[name='phone'] input",
            run: "text 0123 456789",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
        },
        {
            content: "Say why",
            trigger: ".o_mfg_reason_text",
            run: "text Letter of the supplier",
        },
        {
            content: "Go on",
            trigger: ".o_mfg_reason_confirm",
        },
        {
            content: "The contact is saved",
            trigger: "body:not(:has(.modal)) .o_form_saved",
            isCheck: true,
        },
        {
            content: "Open the timeline",
            trigger: "button.o_mfg_audit_timeline_button",
        },
        {
            content: "It tells what was changed",
            trigger: ".o_mfg_timeline .o_mfg_own .o_mfg_new:contains('0123 456789')",
            isCheck: true,
        },
        {
            content: "And why",
            trigger: ".o_mfg_timeline .o_mfg_reason:contains('Letter of the supplier')",
            isCheck: true,
        },
        {
            content: "Each step",
            trigger: ".o_mfg_detailed",
        },
        {
            content: "Compare two dates",
            trigger: ".o_mfg_detailed.active",
            run() {
                document.querySelector(".o_mfg_compare").click();
            },
        },
        {
            content: "The comparison is there",
            trigger: ".o_mfg_dates input",
            isCheck: true,
        },
    ],
});
