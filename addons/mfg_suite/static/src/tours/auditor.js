/** @odoo-module **/

import {app, card, entry, home, list, menu, unlessEmpty} from "./steps";
import {_t} from "@web/core/l10n/translation";
import {addFirstSteps} from "../first_steps/first_steps";

addFirstSteps("mfg_suite_auditor", _t("Who changed what"), () => [
    ...card("alerts", _t("What the trail noticed and nobody has concluded yet.")),
    ...app(
        "mfg_audit_trail.menu_root",
        _t("The trail. It opens with the changes of this month.")
    ),
    ...unlessEmpty(
        list("changes"),
        {
            content: _t("Open a change."),
            trigger: `${list("changes")} .o_data_row td[name='record_name']`,
            position: "bottom",
        },
        {
            content: _t(
                "See what else the same transaction changed. Timeline tells all that happened to the record."
            ),
            trigger: ".o_form_view button[name='action_open_transaction']",
            position: "bottom",
        }
    ),
    menu(
        "mfg_audit_trail.menu_transaction",
        _t("Yellow ones are vouched for by nobody: plain SQL, or restored data.")
    ),
    menu(
        "mfg_audit_trail.menu_alert",
        _t("An alert is closed with a conclusion, never by whom it is about.")
    ),
    menu("mfg_audit_trail.menu_duties", _t("What should be two people's work.")),
    entry(
        "mfg_audit_trail.menu_duty_finding",
        _t("Who could do both, and who did.")
    ),
    menu(
        "mfg_audit_trail.menu_verification",
        _t("Is the trail itself intact? Look at the State tells its level, Verify Now proves it.")
    ),
    ...home(),
]);
