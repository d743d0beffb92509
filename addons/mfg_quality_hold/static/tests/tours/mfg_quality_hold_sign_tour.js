/** @odoo-module **/

import {registry} from "@web/core/registry";

// Expects the form of a disposition that is up for the signature of hold-apr1.
registry.category("web_tour.tours").add("mfg_quality_hold_sign", {
    test: true,
    steps: () => [
        {
            content: "Sign",
            trigger: ".o_form_view button[name='action_sign']",
        },
        {
            content: "Nothing is signed without the password",
            trigger: "button[name='action_done']",
        },
        {
            content: "Enter it",
            trigger: ".o_field_invalid[name='password'] input[type='password']",
            run: "text hold-apr1",
        },
        {
            content: "Sign it",
            trigger: "button[name='action_done']",
        },
        {
            content: "The decision is carried out",
            trigger:
                ".o_statusbar_status button[data-value='done'].o_arrow_button_current",
            isCheck: true,
        },
        {
            content: "See the signatures",
            trigger: ".o_notebook a[name='signatures']",
        },
        {
            content: "Name and meaning are printed",
            trigger:
                ".o_field_widget[name='signature_ids'] tr:contains('Hold apr1'):contains('Reviewed and decided')",
            isCheck: true,
        },
    ],
});
