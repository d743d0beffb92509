/** @odoo-module **/

import {registry} from "@web/core/registry";

/**
 * A buyer looks where an order stands: sent, waiting for the vendor, and late.
 *
 * Expects to start on the form of a purchase order that was sent to a system, whose goods
 * should have come yesterday.
 */
registry.category("web_tour.tours").add("mfg_integration_plant_lifecycle", {
    test: true,
    steps: () => [
        {
            content: "Open the lifecycle",
            trigger: ".o_notebook .nav-link:contains('Lifecycle')",
        },
        {
            content: "The order was sent",
            trigger: ".o_mfg_step_done[data-step='sent']",
            isCheck: true,
        },
        {
            content: "The goods are late, and it says whose turn it is",
            trigger:
                ".o_mfg_step_late[data-step='received'] .o_mfg_turn:contains('Test Plant Hall 1')",
            isCheck: true,
        },
    ],
});
