/** @odoo-module **/

import {registry} from "@web/core/registry";

const row = (text) => `.o_list_view .o_data_row:contains('${text}')`;
const back = {
    content: "Back to the inbox",
    trigger: ".o_breadcrumb a:contains('My Exceptions')",
};

/**
 * Someone who looks after messages works off the own inbox.
 *
 * Expects two exceptions of the user: a dead letter about "Pump", and the message "Valve" that
 * lacks a translation.
 */
registry.category("web_tour.tours").add("mfg_suite_exception", {
    test: true,
    url: "/web#action=mfg_suite.mfg_suite_exception_action",
    steps: () => [
        {
            content: "My own are shown first",
            trigger: ".o_searchview_facet:contains('Mine')",
            isCheck: true,
        },
        {
            content: "First click: resolve the missing translation",
            trigger: `${row("Valve")} button[name='action_resolve']`,
        },
        {
            content: "Type the translation",
            trigger: ".o_data_row td[name='translation']",
        },
        {
            content: "What they call it",
            trigger: ".o_selected_row [name='translation'] input",
            run: "text Austria",
        },
        {
            content: "Second click: save and try again",
            trigger: "button[name='action_apply']",
        },
        {
            content: "It is not in the inbox any more",
            trigger: ".o_list_view:not(:contains('Valve'))",
            extra_trigger: "body:not(:has(.modal))",
            isCheck: true,
        },
        {content: "First click: the dead letter", trigger: `${row("Pump")} td[name='name']`},
        {
            content: "Second click: send it again",
            trigger: ".o_form_view button[name='action_replay']",
        },
        {
            content: "It is decided",
            trigger: ".o_arrow_button_current:contains('Sent again')",
            isCheck: true,
        },
        back,
        {
            content: "Nothing waits any more",
            trigger: ".o_nocontent_help:contains('Nothing waits for you')",
            isCheck: true,
        },
    ],
});
