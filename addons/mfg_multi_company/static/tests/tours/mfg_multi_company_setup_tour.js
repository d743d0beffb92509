/** @odoo-module **/

import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_service/tour_utils";
import {FORM, ROW, choose, fill, menu} from "./steps";

/**
 * A plant with a steward and a person with a role, as a consultant sets them up without
 * developer mode.
 *
 * Expects the list of plants of a user who may configure them.
 */
registry.category("web_tour.tours").add("mfg_multi_company_setup", {
    test: true,
    steps: () => [
        {content: "New plant", trigger: ".o-kanban-button-new"},
        fill("name", "Machining Linz", FORM),
        fill("code", "LNZ", FORM),
        {
            content: "A steward for the items",
            trigger: ".o_field_x2many_list_row_add a",
        },
        {
            content: "Of items",
            trigger: `${ROW} .o_field_widget[name='domain'] select`,
            run: "text Items",
        },
        ...choose("steward_id", "Group worker", ROW),
        ...stepUtils.saveForm(),
        {content: "Take it into operation", trigger: "button[name='action_activate']"},
        {
            content: "It is active",
            trigger: ".o_arrow_button_current:contains('Active')",
            isCheck: true,
        },
        ...menu("People", "Role Assignments", "Role Assignments"),
        {content: "New assignment", trigger: ".o_list_button_add"},
        ...choose("user_id", "Group worker", FORM),
        ...choose("role_id", "Production Planner", FORM),
        ...choose("plant_id", "Machining Linz", FORM),
        ...stepUtils.saveForm(),
        {content: "Ask for approval", trigger: "button[name='action_request']"},
        {
            content: "It waits for a second person",
            trigger: ".o_arrow_button_current:contains('Requested')",
            isCheck: true,
        },
    ],
});
