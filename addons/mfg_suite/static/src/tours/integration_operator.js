/** @odoo-module **/

import {app, card, close, entry, home, list, menu, unlessEmpty} from "./steps";
import {_t} from "@web/core/l10n/translation";
import {addFirstSteps} from "../first_steps/first_steps";

const messages = () =>
    menu(
        "mfg_integration_queue.mfg_integration_messages_menu",
        _t("Every message is here, whichever way it went.")
    );

addFirstSteps("mfg_suite_integration_operator", _t("Look after messages"), () => [
    ...card("messages", _t("Messages that nobody could deliver or process: they wait for you.")),
    ...unlessEmpty(
        list("error_id"),
        {
            content: _t("Open one."),
            trigger: `${list("error_id")} .o_data_row td[name='subject']`,
            position: "bottom",
        },
        {
            content: _t(
                "What happened and what to do about it. Then Try Again; the receiver sees the same message id."
            ),
            trigger: ".o_form_view .alert-danger",
            alt_trigger: ".o_form_view .oe_title",
            position: "bottom",
        }
    ),
    ...app(
        "mfg_integration_queue.mfg_integration_menu_root",
        _t("Everything about messages. It opens with what you answer for.")
    ),
    menu(
        "mfg_integration_queue.mfg_integration_monitor_menu",
        _t("How every system of every plant does.")
    ),
    {
        content: _t("Show only what is late, undecided or slower than agreed."),
        trigger: ".o_mfg_monitor .btn-group button",
        position: "bottom",
    },
    messages(),
    entry(
        "mfg_integration_queue.mfg_integration_dead_menu",
        _t("Dead letters, each with the answer of the receiver and a runbook.")
    ),
    messages(),
    entry(
        "mfg_integration_queue.mfg_integration_replay_menu",
        _t("Once the cause is gone, many can go again together.")
    ),
    {
        content: _t("See which ones it would be."),
        trigger: "button[name='action_preview']",
        position: "top",
    },
    {
        ...close(_t("They go again with Replay, and a note. Close it: nothing is sent.")),
        extra_trigger: ".o_field_widget[name='message_count']",
    },
    menu(
        "mfg_integration_queue.mfg_integration_alert_menu",
        _t("Service levels that were not kept, and who was told.")
    ),
    ...home(),
]);
