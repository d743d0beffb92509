/** @odoo-module **/

import {registry} from "@web/core/registry";

const BUTTON = {
    content: "Place on hold",
    trigger: ".o_form_view button[name='action_place_on_hold']",
};

/** Three clicks put a lot on hold: what opens the dialog, the reason, the confirmation. */
function place(reason, ...open) {
    return [
        ...open,
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
    steps: () => place("Suspect material", BUTTON),
});

registry.category("web_tour.tours").add("mfg_quality_hold_place_new_reason", {
    test: true,
    steps: () => place("Porous casting", BUTTON),
});

// Expects the list of holds and scans the label of the lot.
registry.category("web_tour.tours").add("mfg_quality_hold_scan", {
    test: true,
    steps: () =>
        place(
            "Suspect material",
            {
                content: "Begin with the scanner",
                trigger: "[data-menu-xmlid='mfg_quality_hold.mfg_quality_hold_place_menu']",
            },
            {
                content: "Scan the label",
                trigger: ".o_field_widget[name='scanned'] input",
                run: "text TOUR-LOT",
            },
            {
                content: "The lot is chosen",
                trigger: ".o_field_widget[name='what']:contains('TOUR-LOT')",
                isCheck: true,
            }
        ),
});
