/** @odoo-module **/

import {_t} from "@web/core/l10n/translation";

/** Steps that go to what is behind a figure of Home. */
export const card = (key, content) => [
    {content, trigger: `.o_mfg_card_${key}`, position: "bottom"},
    // `auto` leaves it out for people, who are never as fast.
    {
        content: "Home is left",
        trigger: ".o_action_manager:not(:has(.o_mfg_home)) .o_control_panel",
        isCheck: true,
        auto: true,
    },
];

/** Steps that open an app. */
export const app = (xmlid, content) => [
    {
        content: _t("Open the list of apps."),
        trigger: ".o_navbar_apps_menu button",
        position: "bottom",
    },
    {content, trigger: `.o_app[data-menu-xmlid='${xmlid}']`, position: "right"},
];

/** A step that opens a menu of the app. */
export const menu = (xmlid, content) => ({
    content,
    trigger: `.o_menu_sections [data-menu-xmlid='${xmlid}']`,
    position: "bottom",
});

/** A step that chooses an entry of an open menu. */
export const entry = (xmlid, content) => ({
    content,
    trigger: `.o-dropdown--menu [data-menu-xmlid='${xmlid}']`,
    position: "right",
});

/** Selector of the list with a column that no other list of the tour has. */
export const list = (column) => `.o_list_view:has(th[data-name='${column}'])`;

/**
 * Let steps about records be skipped where there are none.
 *
 * @param {String} view selector of the view the records are looked for in
 * @param {Object[]} steps
 * @returns {Object[]}
 */
export const unlessEmpty = (view, ...steps) =>
    steps.map((step) => ({...step, skip_trigger: `${view} .o_view_nocontent`}));

/** A step that closes a dialog without using it. */
export const close = (content) => ({
    content,
    trigger: ".modal-header .btn-close",
    position: "left",
});

/** Steps that end where the tour began. */
export const home = () => [
    ...app("mfg_suite.mfg_suite_menu_root", _t("Back to Home, where your day begins.")),
    {content: "Home is there", trigger: ".o_mfg_home", isCheck: true, auto: true},
];
