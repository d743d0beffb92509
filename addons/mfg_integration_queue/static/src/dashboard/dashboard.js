/** @odoo-module **/

import {COLORS, DashboardChart, chart} from "../chart";
import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {formatDuration} from "../duration";
import {loadBundle} from "@web/core/assets";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;
const REFRESH = 30000;

/** Throughput, latency, errors, retries and backlog over time. */
export class IntegrationDashboard extends Component {
    setup() {
        this.orm = useService("orm");
        this.display = {controlPanel: {}};
        this.formatDuration = formatDuration;
        this.periods = [
            [1, _t("Last hour")],
            [6, _t("Last 6 hours")],
            [24, _t("Last day")],
            [168, _t("Last week")],
            [720, _t("Last 30 days")],
        ];
        this.state = useState({
            data: null,
            charts: [],
            hours: 24,
            direction: "",
            interface: 0,
            system: 0,
        });
        onWillStart(() => Promise.all([loadBundle("web.chartjs_lib"), this.load()]));
        const timer = setInterval(() => this.load(), REFRESH);
        onWillUnmount(() => clearInterval(timer));
    }

    async load() {
        const {hours, direction, interface: interfaceId, system} = this.state;
        const data = await this.orm.silent.call(
            "mfg.integration.dashboard",
            "get_dashboard",
            [hours, direction || null, interfaceId || null, system || null]
        );
        this.state.data = data;
        this.state.charts = this.charts(data.points);
    }

    choose(name, event) {
        const {value} = event.target;
        this.state[name] = name === "direction" ? value : Number(value);
        return this.load();
    }

    charts(points) {
        const format = this.state.hours > 24 ? "dd LLL HH:mm" : "HH:mm";
        const labels = points.map((point) =>
            DateTime.fromMillis(point.time).toFormat(format)
        );
        const series = (name) => points.map((point) => point[name]);
        const line = (label, name, color) => ({
            type: "line",
            label,
            data: series(name),
            borderColor: color,
            backgroundColor: color,
            borderWidth: 2,
            // one value alone makes no line
            pointRadius: series(name).filter(Number.isFinite).length > 1 ? 0 : 3,
            pointHitRadius: 8,
            spanGaps: true,
            tension: 0.2,
        });
        const bar = (label, name, color) => ({
            type: "bar",
            label,
            data: series(name),
            backgroundColor: color,
            stack: "one",
        });
        const seconds = points.map((point) => point.oldest_s * 1000);
        return [
            {
                key: "throughput",
                title: _t("Throughput: messages that arrived"),
                config: chart(labels, [
                    bar(_t("Delivered"), "outbound", COLORS.blue),
                    bar(_t("Processed here"), "inbound", COLORS.teal),
                    bar(_t("Failed for good"), "failed", COLORS.red),
                ]),
            },
            {
                key: "latency",
                title: _t("Latency from record to answer"),
                config: chart(
                    labels,
                    [
                        line(_t("50 %"), "p50", COLORS.light),
                        line(_t("95 %"), "p95", COLORS.blue),
                        line(_t("99 %"), "p99", COLORS.amber),
                    ],
                    formatDuration
                ),
            },
            {
                key: "errors",
                title: _t("Error rate: share of attempts that failed"),
                config: chart(
                    labels,
                    [line(_t("Failed attempts"), "error_rate", COLORS.red)],
                    (value) => `${value} %`
                ),
            },
            {
                key: "retries",
                title: _t("Retries"),
                config: chart(labels, [bar(_t("Retries"), "retries", COLORS.amber)]),
            },
            {
                key: "age",
                title: _t("Backlog age: wait of the oldest message"),
                config: chart(
                    labels,
                    [{...line(_t("Oldest"), "oldest_s", COLORS.amber), data: seconds}],
                    formatDuration,
                    1000
                ),
            },
            {
                key: "backlog",
                title: _t("Backlog: messages waiting"),
                config: chart(labels, [line(_t("Waiting"), "waiting", COLORS.blue)]),
            },
        ];
    }
}

IntegrationDashboard.template = "mfg_integration_queue.Dashboard";
IntegrationDashboard.components = {Layout, DashboardChart};

registry.category("actions").add("mfg_integration_dashboard", IntegrationDashboard);
