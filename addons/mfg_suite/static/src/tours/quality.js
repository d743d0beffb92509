/** @odoo-module **/

import {app, card, close, home, menu, unlessEmpty} from "./steps";
import {_t} from "@web/core/l10n/translation";
import {addFirstSteps} from "../first_steps/first_steps";

addFirstSteps("mfg_suite_quality", _t("Hold, inspect, decide"), () => [
    ...card("holds", _t("What is on hold, with its value. Red when a decision is late.")),
    ...unlessEmpty(
        ".o_kanban_view",
        {
            content: _t("Open a hold."),
            trigger: ".o_kanban_view .o_kanban_record:not(.o_kanban_ghost)",
            position: "right",
        },
        {
            content: _t(
                "The buttons above lead on: Inspect, Create Disposition, Trace, Print Tag. What was proposed is here."
            ),
            trigger: ".o_form_view .o_notebook a[name='dispositions']",
            position: "top",
        },
        {
            content: _t("And who signed it: never the one who placed, inspected or proposed."),
            trigger: ".o_form_view .o_notebook a[name='signatures']",
            position: "top",
        }
    ),
    ...app("mfg_quality_hold.mfg_quality_hold_menu_root", _t("Everything about quality.")),
    menu(
        "mfg_quality_hold.mfg_quality_inspection_menu",
        _t("What waits to be inspected: enter what you measured, then Decide.")
    ),
    menu(
        "mfg_quality_hold.mfg_quality_disposition_menu",
        _t("What was proposed and waits for a signature.")
    ),
    menu(
        "mfg_quality_hold.mfg_quality_hold_place_menu",
        _t("Something looks wrong? Place it on hold. This time only to look.")
    ),
    {
        content: _t("Scan the label above, or choose the lot here."),
        trigger: ".o_field_widget[name='lot_id'] input",
        position: "right",
        consumeEvent: "click",
        run: "click",
    },
    {
        content: _t("Choose why. The reason says how soon it has to be decided."),
        trigger: ".o_field_widget[name='reason_id'] input",
        position: "right",
    },
    close(_t("Place on Hold would stop the lot at once. Close it: nothing is held.")),
    ...home(),
]);
