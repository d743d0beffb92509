/** @odoo-module **/
/* eslint-disable sort-imports */

import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/** Where a document stands: its steps, what is late and whose turn it is. */
export class Lifecycle extends Component {
    setup() {
        this.action = useService("action");
        this.states = {
            done: {name: _t("Done"), color: "success", icon: "fa-check"},
            current: {name: _t("Now"), color: "info", icon: "fa-play"},
            waiting: {name: _t("Later"), color: "light", icon: "fa-circle-o"},
            late: {name: _t("Late"), color: "danger", icon: "fa-clock-o"},
            problem: {
                name: _t("Needs a decision"),
                color: "danger",
                icon: "fa-exclamation",
            },
        };
    }

    get steps() {
        return this.props.record.data[this.props.name] || [];
    }

    localTime(moment) {
        return formatDateTime(deserializeDateTime(moment));
    }

    open(record) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: record.model,
            res_id: record.id,
            views: [[false, "form"]],
        });
    }
}

Lifecycle.template = "mfg_integration_plant.Lifecycle";
Lifecycle.props = {...standardFieldProps};

registry.category("fields").add("mfg_lifecycle", {
    component: Lifecycle,
    displayName: _t("Lifecycle"),
    supportedTypes: ["json"],
});
