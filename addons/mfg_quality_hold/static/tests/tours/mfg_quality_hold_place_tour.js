/** @odoo-module **/

import {registry} from "@web/core/registry";

/** Three clicks put a lot on hold: the button, the reason, the confirmation. */
function place(reason) {
    return [
        {
            content: "Place on hold",
            trigger: ".o_form_view button[name='action_place_on_hold']",
        },
        {
            content: "Choose the reason",
            trigger: `label:contains('${reason}')`,
        },
        {
            content: "Confirm",
            trigger: "button[name='action_place']",
        },
        {
            content: "The hold is active",
            trigger:
                ".o_statusbar_status button[data-value='on_hold'].o_arrow_button_current",
            isCheck: true,
        },
        {
            content: "It holds the lot",
            trigger: ".o_field_widget[name='line_ids'] td:contains('TOUR-LOT')",
            isCheck: true,
        },
    ];
}

// Both expect the form of a lot that is free.
registry.category("web_tour.tours").add("mfg_quality_hold_place", {
    test: true,
    steps: () => place("Suspect material"),
});

registry.category("web_tour.tours").add("mfg_quality_hold_place_new_reason", {
    test: true,
    steps: () => place("Porous casting"),
});
