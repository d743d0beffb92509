/** @odoo-module **/

import {registry} from "@web/core/registry";

const menu = (item) => [
    {
        content: "Open the configuration",
        trigger: "[data-menu-xmlid='mfg_integration_queue.mfg_integration_configuration_menu']",
    },
    {
        content: `Open ${item}`,
        trigger: `.dropdown-item[data-menu-xmlid='mfg_integration_queue.mfg_integration_${item}_menu']`,
    },
];

const saved = {
    content: "It is saved",
    trigger: ".o_form_saved",
    isCheck: true,
};

/**
 * A consultant sets up the other side of an interface: the system, the interface from a
 * template, the words it uses and the key it sends with.
 *
 * Expects the list of systems, a user "Tour Service" and no interface order.acknowledged.
 */
registry.category("web_tour.tours").add("mfg_integration_queue_consultant", {
    test: true,
    steps: () => [
        {
            content: "New system",
            trigger: ".o_list_button_add",
        },
        {
            content: "Name it",
            trigger: ".o_field_widget[name='name'] input",
            run: "text Supplier portal",
        },
        {
            content: "Give it a code",
            trigger: ".o_field_widget[name='code'] input",
            run: "text supplier-portal",
        },
        {
            content: "Choose under whose rights its messages are processed",
            trigger: ".o_field_widget[name='user_id'] input",
            run: "text Tour Service",
        },
        {
            content: "Take the user",
            trigger: ".ui-menu-item > a:contains('Tour Service')",
        },
        {
            content: "Save the system",
            trigger: ".o_form_button_save",
        },
        saved,
        ...menu("template"),
        {
            content: "Make an interface of the template",
            trigger: "[data-code='order.acknowledged'] button[name='action_create_interface']",
        },
        {
            content: "The interface has its contract",
            trigger: ".o_form_view .o_field_widget[name='code'] input:propValue('order.acknowledged')",
            isCheck: true,
        },
        {
            content: "Look at the card",
            trigger: ".o_notebook a[name='card']",
        },
        {
            content: "Say who is right",
            trigger: ".o_field_widget[name='system_of_record'] input",
            run: "text Supplier portal",
        },
        {
            content: "Save the interface",
            trigger: ".o_form_button_save",
        },
        saved,
        ...menu("value_map"),
        {
            content: "New value map",
            trigger: ".o_list_button_add",
            extra_trigger: ".o_breadcrumb .active:contains('Value Maps')",
        },
        {
            content: "Name it",
            trigger: ".o_field_widget[name='name'] input",
            run: "text Units of the supplier",
        },
        {
            content: "It translates units",
            trigger: ".o_field_widget[name='kind'] label:contains('Units')",
        },
        {
            content: "Add an entry",
            trigger: ".o_field_x2many_list_row_add a",
        },
        {
            content: "What we call it",
            trigger: ".o_selected_row [name='internal_value'] input",
            run: "text t",
        },
        {
            content: "What they call it",
            trigger: ".o_selected_row [name='external_value'] input",
            run: "text KGM",
        },
        {
            content: "How many of theirs make one of ours",
            trigger: ".o_selected_row [name='factor'] input",
            run: "text 1000",
        },
        {
            content: "Save the map",
            trigger: ".o_form_button_save",
        },
        saved,
        ...menu("credential"),
        {
            content: "New key",
            trigger: ".o_control_panel button:contains('New API Key')",
        },
        {
            content: "Choose the system",
            trigger: ".o_field_widget[name='system_id'] input",
            run: "text Supplier portal",
        },
        {
            content: "Take the system",
            trigger: ".ui-menu-item > a:contains('Supplier portal')",
        },
        {
            content: "Say who holds the key",
            trigger: ".o_field_widget[name='name'] input",
            run: "text Portal operators",
        },
        {
            content: "Choose what the key may send",
            trigger: ".o_field_widget[name='interface_ids'] input",
            run: "text Order ack",
        },
        {
            content: "Take the interface",
            trigger: ".ui-menu-item > a:contains('Order acknowledged')",
        },
        {
            content: "Create it",
            trigger: "button[name='action_create']",
        },
        {
            content: "The key is shown once",
            trigger: ".o_field_widget[name='secret'] .o_clipboard_button",
            isCheck: true,
        },
        {
            content: "Close",
            trigger: "button:contains('Close')",
        },
        {
            content: "The key is in the list",
            trigger: ".o_data_row td[name='name']:contains('Portal operators')",
            isCheck: true,
        },
    ],
});
