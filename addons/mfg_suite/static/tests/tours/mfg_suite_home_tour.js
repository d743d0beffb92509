/** @odoo-module **/

import {registry} from "@web/core/registry";

/**
 * Someone of one plant looks at the home page and goes to what is behind its figures.
 *
 * Expects two open holds in Plant One, one of them late and the user's own, and one dead
 * letter of somebody else.
 */
registry.category("web_tour.tours").add("mfg_suite_home", {
    test: true,
    url: "/web#action=mfg_suite.mfg_suite_home_action",
    steps: () => [
        {
            content: "It is the home page of the one plant",
            trigger: ".o_mfg_plant:contains('Plant One')",
            isCheck: true,
        },
        {
            content: "One of the holds is late",
            trigger: ".o_mfg_card_holds b.text-danger:contains('2')",
            isCheck: true,
        },
        {
            content: "Charts are drawn",
            trigger: ".o_mfg_chart:contains('Stock by plant') canvas",
            isCheck: true,
        },
        {
            content: "Load the figures again, without the page",
            trigger: ".o_control_panel button[aria-label='Refresh']",
        },
        {content: "Go to the dead letters", trigger: ".o_mfg_card_messages"},
        {
            content: "The message is there, with nobody's filter",
            trigger: ".o_list_view .o_data_row:contains('Pump')",
            isCheck: true,
        },
        {
            content: "Back to the home page",
            trigger: ".o_breadcrumb a:contains('Manufacturing Group')",
        },
        {content: "Go to what waits for me", trigger: ".o_mfg_card_mine"},
        {
            content: "The late hold is all there is",
            trigger: ".o_list_view:not(:has(.o_data_row:eq(1))) .o_data_row:contains('Suspect')",
            isCheck: true,
        },
    ],
});
