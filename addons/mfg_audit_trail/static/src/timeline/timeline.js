/** @odoo-module **/
/* eslint-disable sort-imports */

import {Component, onWillStart, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {deserializeDateTime, formatDateTime, serializeDateTime} from "@web/core/l10n/dates";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {Layout} from "@web/search/layout";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;
const MODEL = "mfg.audit.timeline";
/** Changes of one entry that are shown before the reader asks for all. */
const FOLD = 8;

/** Everything that happened to a record, its lines and deleted lines. */
export class AuditTimeline extends Component {
    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = {controlPanel: {}};
        this.fold = FOLD;
        this.operations = {
            I: {name: _t("Created"), color: "success"},
            U: {name: _t("Changed"), color: "info"},
            D: {name: _t("Deleted"), color: "danger"},
            T: {name: _t("Emptied"), color: "danger"},
            B: {name: _t("Changed in Bulk"), color: "info"},
            X: {name: _t("Exported"), color: "warning"},
            P: {name: _t("Printed"), color: "warning"},
        };
        this.linked = {
            I: {name: _t("Linked"), color: "info"},
            D: {name: _t("Unlinked"), color: "info"},
        };
        const {context, params} = this.props.action;
        this.model = context.active_model || params.active_model;
        this.resId = context.active_id || params.active_id;
        const now = DateTime.local().startOf("minute");
        this.state = useState({
            mode: "net",
            groups: [],
            next: null,
            unfolded: {},
            since: now.minus({days: 7}),
            until: now,
        });
        onWillStart(() => this.load());
    }

    async load() {
        const {mode, since, until} = this.state;
        const answer =
            mode === "compare"
                ? await this.orm.call(MODEL, "compare", [
                      this.model,
                      this.resId,
                      serializeDateTime(since),
                      serializeDateTime(until),
                  ])
                : await this.orm.call(MODEL, "get_timeline", [
                      this.model,
                      this.resId,
                      mode,
                  ]);
        this.show(answer, []);
        this.state.title = answer.title;
        this.state.kind = answer.kind;
        this.env.config.setDisplayName(_t("Timeline of %s", answer.name));
    }

    async loadMore() {
        const answer = await this.orm.call(MODEL, "get_timeline", [
            this.model,
            this.resId,
            this.state.mode,
            this.state.next,
        ]);
        this.show(answer, this.state.groups);
    }

    show(answer, before) {
        this.state.groups = [...before, ...answer.groups];
        this.state.next = answer.next;
    }

    choose(mode) {
        this.state.mode = mode;
        return this.load();
    }

    setDate(name, value) {
        if (value) {
            this.state[name] = value;
            return this.load();
        }
    }

    localTime(date) {
        return formatDateTime(deserializeDateTime(date));
    }

    operationOf(entry) {
        const linked = entry.link && this.linked[entry.operation];
        return linked || this.operations[entry.operation];
    }

    changesOf(entry) {
        return this.state.unfolded[entry.id]
            ? entry.changes
            : entry.changes.slice(0, FOLD);
    }

    openEvent(entry) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "mfg.audit.event",
            res_id: entry.id,
            views: [[false, "form"]],
        });
    }
}

AuditTimeline.template = "mfg_audit_trail.Timeline";
AuditTimeline.components = {Layout, DateTimeInput};
AuditTimeline.props = {...standardActionServiceProps};

registry.category("actions").add("mfg_audit_timeline", AuditTimeline);
