/** @odoo-module **/

import {Component, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

const COLORS = {change: "info", failure: "danger", effect: "warning", remedy: "success"};
/** Changes of one record that are shown; its event has all of them. */
const FOLD = 6;

/** What happened in an incident, as far as the reader may know it, in the order of time. */
export class IncidentStory extends Component {
    setup() {
        this.action = useService("action");
        this.colors = COLORS;
        this.fold = FOLD;
        this.state = useState({question: null});
    }

    get story() {
        return (
            this.props.record.data[this.props.name] || {
                questions: {},
                rows: [],
                notes: [],
                undecided: 0,
            }
        );
    }

    /** Nothing is asked for until interface, plant and period are chosen. */
    get isKnown() {
        return Boolean(this.props.record.data[this.props.name]);
    }

    get rows() {
        const {question} = this.state;
        return question ? this.rowsFor(question) : this.story.rows;
    }

    rowsFor(question) {
        return this.story.rows.filter((row) => row.questions.includes(question));
    }

    /** One question, or all of them again. */
    choose(question) {
        this.state.question = this.state.question === question ? null : question;
    }

    localTime(date) {
        return formatDateTime(deserializeDateTime(date));
    }

    open(row) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: row.model,
            res_id: row.res_id,
            views: [[false, "form"]],
        });
    }
}

IncidentStory.template = "mfg_suite.IncidentStory";
IncidentStory.props = {...standardFieldProps};

registry.category("fields").add("mfg_incident_story", {
    component: IncidentStory,
    displayName: _t("Story of an incident"),
    supportedTypes: ["json"],
});
