/** @odoo-module **/

import {registry} from "@web/core/registry";

const question = (name) => `.o_mfg_incident button[data-question='${name}']`;

/**
 * An auditor reads the four answers of an incident, and opens what one of them tells of.
 *
 * Expects one open incident, of a message "Pump" that failed for a missing translation.
 */
registry.category("web_tour.tours").add("mfg_suite_incident", {
    test: true,
    url: "/web#action=mfg_suite.mfg_suite_incident_action",
    steps: () => [
        {content: "The incident", trigger: ".o_list_view .o_data_row td[name='name']"},
        {
            content: "Everything, in the order of time",
            trigger: ".o_mfg_incident_row:contains('https://mes.example/changed')",
            extra_trigger: ".o_mfg_incident_row:contains('Taken by the other side')",
            isCheck: true,
        },
        {content: "What failed?", trigger: question("failure")},
        {
            content: "That alone",
            trigger: ".o_mfg_incident:not(:contains('Taken by the other side'))",
            extra_trigger: ".o_mfg_incident_row:contains('Dead letter')",
            isCheck: true,
        },
        {content: "Open the message", trigger: ".o_mfg_incident_row a:contains('Pump')"},
        {
            content: "The dead letter",
            trigger: ".o_form_view .o_field_widget[name='error_id']",
            isCheck: true,
        },
        {
            content: "Back to the incident",
            trigger: ".o_breadcrumb a:contains('INC/')",
        },
        {
            content: "The story is there again",
            trigger: ".o_mfg_incident_row:contains('Sent again')",
            isCheck: true,
        },
    ],
});
