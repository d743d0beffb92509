/** @odoo-module **/

import {registry} from "@web/core/registry";

const menu = (xmlid) => `[data-menu-xmlid='mfg_integration_queue.${xmlid}']`;

/**
 * Someone who watches the interfaces of a plant opens the screens made for that.
 *
 * Expects one tile that is not green, with a line "Note changed" that has one message to
 * decide on, owned by nobody in particular.
 */
registry.category("web_tour.tours").add("mfg_integration_queue_screens", {
    test: true,
    url: "/web#action=mfg_integration_queue.mfg_integration_monitor_action",
    steps: () => [
        {
            content: "The tile of the system warns",
            trigger: ".o_mfg_tile_red .o_mfg_tile_system:contains('MES One')",
            isCheck: true,
        },
        {
            content: "Keep to one plant",
            trigger: ".o_mfg_company",
            run: "text Plant One",
        },
        {
            content: "Only the red ones",
            trigger: ".o_mfg_bar .btn:has(.o_mfg_red)",
        },
        {
            content: "Go to the messages behind the figure",
            trigger: ".o_mfg_line:contains('Note changed') .o_mfg_exceptions",
        },
        {
            content: "The dead letter is there",
            trigger: ".o_data_row:contains('Pump')",
            isCheck: true,
        },
        {content: "Open the dashboard", trigger: menu("mfg_integration_dashboard_menu")},
        {
            content: "Every chart is drawn",
            trigger: ".o_mfg_chart:eq(5) canvas",
            isCheck: true,
        },
        {content: "Look at the last hour", trigger: ".o_mfg_hours", run: "text Last hour"},
        {
            content: "What failed is counted",
            trigger: ".o_mfg_totals .text-danger b:contains('1')",
            isCheck: true,
        },
        {content: "Open my exceptions", trigger: menu("mfg_integration_exception_menu")},
        {
            content: "Look at those of others, too",
            trigger: ".o_facet_remove",
        },
        {
            content: "Open the exception",
            trigger: ".o_data_row:contains('Pump') td[name='error_id']",
        },
        {
            content: "It says what to do",
            trigger: ".o_form_view .alert-danger:contains('Correct the document')",
            isCheck: true,
        },
    ],
});
