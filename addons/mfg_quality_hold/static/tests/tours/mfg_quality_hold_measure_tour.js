/** @odoo-module **/

import {registry} from "@web/core/registry";

const rows = ".o_field_widget[name='result_ids'] .o_data_row:contains('Diameter')";
const first = `${rows}:eq(0)`;
const second = `${rows}:eq(1)`;

// Expects the form of an inspection of two units whose diameter is measured.
registry.category("web_tour.tours").add("mfg_quality_hold_measure", {
    test: true,
    steps: () => [
        {
            content: "Nothing was measured, so there is no number to be taken for a zero",
            trigger: `${first} td[name='value']:not(:contains('0'))`,
        },
        {
            content: "Nor is there while it is entered",
            trigger: `${first} td[name='value'] input:propValue('')`,
            run: "text 10.02",
        },
        {
            content: "Go on with the second unit",
            trigger: `${second} td[name='value']:not(:contains('0'))`,
        },
        {
            content: "The first one has its number",
            trigger: `${first} td[name='value']:contains('10.0200')`,
            isCheck: true,
        },
        {
            content: "A measured zero is ticked",
            trigger: `${second} td[name='is_recorded'] input`,
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
        },
        {
            content: "Then zero is what was measured",
            trigger: `.o_form_saved ${second} td[name='value']:contains('0.0000')`,
            isCheck: true,
        },
    ],
});
