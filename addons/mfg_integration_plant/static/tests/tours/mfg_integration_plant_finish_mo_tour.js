/** @odoo-module **/

import {registry} from "@web/core/registry";

/**
 * EN-06: an operator finishes a manufacturing order in the web client.
 *
 * Expects the orders of the user with one among them whose source document is
 * "EN-06", confirmed, for five pieces of a lot-tracked product.
 */
registry.category("web_tour.tours").add("mfg_integration_plant_finish_mo", {
    test: true,
    url: "/web#action=mrp.mrp_production_action&view_type=list",
    steps: () => [
        {
            content: "Open the order",
            trigger: ".o_data_row td[name='origin']:contains('EN-06')",
        },
        {
            content: "Note the quantity",
            trigger: ".o_form_view div[name='qty_producing'] input",
            run: "text 5",
        },
        {
            content: "Name the lot",
            trigger: "div[name='lot_producing_id'] input",
            run: "text EN-06-LOT",
        },
        {
            content: "Create it",
            trigger: ".o-autocomplete--dropdown-item:contains('Create \"EN-06-LOT\"') a",
        },
        {
            content: "Save, so that the quantities of the components follow",
            trigger: ".o_form_button_save",
        },
        {
            content: "Finish",
            trigger: "button[name='button_mark_done']:visible",
            extra_trigger: ".o_form_saved",
        },
        {
            content: "The order is done",
            trigger: ".o_statusbar_status button[data-value='done'].o_arrow_button_current",
            isCheck: true,
        },
    ],
});
