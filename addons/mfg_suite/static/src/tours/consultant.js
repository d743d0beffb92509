/** @odoo-module **/

import {app, close, entry, home, menu} from "./steps";
import {_t} from "@web/core/l10n/translation";
import {addFirstSteps} from "../first_steps/first_steps";

const configuration = () =>
    menu(
        "mfg_integration_queue.mfg_integration_configuration_menu",
        _t("Everything about interfaces is set up here.")
    );

addFirstSteps("mfg_suite_consultant", _t("Set up a group"), () => [
    ...app(
        "mfg_multi_company.mfg_multi_company_menu_root",
        _t("Begin with the plants, and who answers for what in them.")
    ),
    {
        content: _t(
            "A plant is a company, or some warehouses of one. Make one now, only to look at it."
        ),
        trigger: ".o-kanban-button-new",
        position: "bottom",
    },
    {
        content: _t("Name, code and company, then Activate. Discard it for now."),
        trigger: ".o_form_button_cancel",
        extra_trigger: ".o_form_view .o_field_widget[name='plant_type']",
        position: "bottom",
    },
    menu("mfg_multi_company.mfg_plant_role_menu_people", _t("Then the people.")),
    entry(
        "mfg_multi_company.mfg_plant_role_assignment_menu",
        _t("A person, a role, a plant: it holds once somebody else has approved it.")
    ),
    menu(
        "mfg_multi_company.mfg_multi_company_menu_configuration",
        _t("What belongs to the group, and what has to be right, is decided here.")
    ),
    entry(
        "mfg_multi_company.mfg_release_gate_menu",
        _t("A release gate says which orders wait, and for which plant role.")
    ),
    ...app(
        "mfg_integration_queue.mfg_integration_menu_root",
        _t("Next, the systems the plants have beside Odoo.")
    ),
    configuration(),
    entry(
        "mfg_integration_plant.mfg_integration_facility_connect_menu",
        _t("One dialog connects a shop floor, a warehouse or a legacy system.")
    ),
    {
        content: _t("Choose what kind of system it is."),
        trigger: ".o_field_widget[name='template_id'] input",
        position: "right",
        consumeEvent: "click",
        run: "click",
    },
    {
        content: _t("Take any: the dialog then tells what is exchanged and asks for the rest."),
        trigger: ".o_field_widget[name='template_id'] .o-autocomplete--dropdown-item a",
        position: "right",
    },
    close(_t("Check and Preview shows what would be made. Close it: nothing is.")),
    configuration(),
    entry(
        "mfg_integration_queue.mfg_integration_interface_menu",
        _t("Each interface has a contract, which somebody other than its author approves.")
    ),
    ...app("mfg_quality_hold.mfg_quality_hold_menu_root", _t("Last, quality.")),
    menu(
        "mfg_quality_hold.mfg_quality_hold_menu_configuration",
        _t("Reasons, rules, plans, and who has to sign.")
    ),
    entry(
        "mfg_quality_hold.mfg_quality_hold_reason_menu",
        _t("Why something is held: how severe it is, and how soon it has to be decided.")
    ),
    menu("mfg_quality_hold.mfg_quality_hold_menu_configuration", _t("Once more.")),
    entry(
        "mfg_quality_hold.mfg_quality_hold_rule_menu",
        _t("What is held by itself: on receipt, after production, after a return.")
    ),
    ...home(),
]);
