/** @odoo-module **/

import {registry} from "@web/core/registry";

/**
 * Who is refused gets to the hold with one click.
 *
 * Expects the form of a scrap order, not done yet, for a lot that is on hold.
 */
registry.category("web_tour.tours").add("mfg_quality_hold_refusal", {
    test: true,
    steps: () => [
        {
            content: "Try to scrap it",
            trigger: ".o_form_view button[name='action_validate']",
        },
        {
            content: "It is refused; go to the hold",
            trigger: ".modal-footer button:contains('Open the Hold')",
        },
        {
            content: "Here is the hold",
            trigger: ".o_form_view h1 .o_field_widget[name='name']:contains('QH/')",
            isCheck: true,
        },
    ],
});
