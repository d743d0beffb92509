/** @odoo-module **/

import {registry} from "@web/core/registry";

const url = "/web#action=mfg_suite.mfg_suite_exception_action";
const tours = registry.category("web_tour.tours");

/** The first click on an exception, told by one of its words. */
const open = (text) => ({
    content: `First click: ${text}`,
    trigger: `.o_list_view .o_data_row:contains('${text}') td[name='name']`,
});
const state = (value) => ({
    content: `It is ${value} now`,
    trigger: `.o_statusbar_status button[data-value='${value}'].o_arrow_button_current`,
    isCheck: true,
});

// Expects an overdue hold that the user is responsible for.
tours.add("mfg_suite_overdue_hold", {
    test: true,
    url,
    steps: () => [
        open("Suspect material"),
        {
            content: "Second click: propose what becomes of it",
            trigger: ".o_form_view button[name='action_propose_disposition']",
        },
        {
            content: "It may be used",
            trigger: ".o_form_view .o_field_widget[name='kind'] select",
            run: "text Release: conforms",
        },
        {
            content: "Third click: put it forward",
            trigger: ".o_form_view button[name='action_propose']",
        },
        state("proposed"),
    ],
});

// Expects a decision that the user, whose password is "suite-tour", is asked to sign.
tours.add("mfg_suite_signature", {
    test: true,
    url,
    steps: () => [
        open("Release: conforms"),
        {
            content: "Second click: sign",
            trigger: ".o_form_view button[name='action_sign']",
        },
        {
            content: "With the password",
            trigger: ".o_field_widget[name='password'] input[type='password']",
            run: "text suite-tour",
        },
        {
            content: "Third click: this is my signature",
            trigger: "button[name='action_done']",
        },
        state("done"),
    ],
});

// Expects a price that the user's plant and another one do not agree about, and a capture gap.
tours.add("mfg_suite_price_and_gap", {
    test: true,
    url,
    steps: () => [
        open("Price"),
        {
            content: "Second click: resolve",
            trigger: ".o_form_view .o_form_statusbar button:contains('Resolve')",
        },
        {
            content: "What was done about it",
            trigger: ".o_field_widget[name='reason'] textarea",
            run: "text The vendor sent a credit note.",
        },
        {
            content: "Third click: done",
            trigger: "button[name='action_resolve']",
        },
        state("resolved"),
        {
            content: "Back to the inbox",
            trigger: ".o_breadcrumb a:contains('My Exceptions')",
        },
        open("Capture Gap"),
        {
            content: "What it was",
            trigger: ".o_form_view .o_field_widget[name='conclusion'] textarea",
            run: "text Switched off for the migration, on again since noon.",
        },
        {
            content: "Second click: close it",
            trigger: ".o_form_view button[name='action_close']",
        },
        state("closed"),
    ],
});
