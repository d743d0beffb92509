/** @odoo-module **/

import {COLORS, DashboardChart, chart, lying} from "@mfg_integration_queue/chart";
import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {FirstSteps} from "../first_steps/first_steps";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {formatCurrency} from "@web/core/currency";
import {loadBundle} from "@web/core/assets";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

const REFRESH = 30000;
const LINE_LENGTH = 12;
const MOST_STANDING = 4;
const AGE_COLORS = [COLORS.light, COLORS.blue, COLORS.amber, COLORS.red];

const sum = (rows, name) => rows.reduce((total, row) => total + row[name], 0);

/**
 * @param {String} text
 * @returns {String[]} its words in lines that fit below a bar
 */
function linesOf(text) {
    const lines = [];
    for (const word of text.split(" ")) {
        const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
        if (lines.length && longer.length <= LINE_LENGTH) {
            lines[lines.length - 1] = longer;
        } else {
            lines.push(word);
        }
    }
    return lines;
}

/** How the group does: what waits, service levels, holds, plants that disagree, stock. */
export class GroupHome extends Component {
    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.company = useService("company");
        this.display = {controlPanel: {}};
        this.state = useState({data: null, cards: [], charts: [], plant: 0});
        onWillStart(() => Promise.all([loadBundle("web.chartjs_lib"), this.load()]));
        const timer = setInterval(() => this.load(), REFRESH);
        onWillUnmount(() => clearInterval(timer));
    }

    async load() {
        const {plant} = this.state;
        const data = await this.orm.silent.call("mfg.suite.home", "get_home", [
            plant || null,
        ]);
        // Another plant may have been chosen meanwhile.
        if (plant === this.state.plant) {
            this.state.data = data;
            this.state.cards = this.cards(data);
            this.state.charts = this.charts(data);
        }
    }

    choosePlant(event) {
        this.state.plant = Number(event.target.value);
        return this.load();
    }

    get time() {
        return formatDateTime(deserializeDateTime(this.state.data.time));
    }

    /**
     * Open the list behind a figure.
     *
     * @param {String} xmlid of the window action
     * @param {String[]} fields that name the plants of its records
     * @param {Object} [context] with the filters that are set at first
     */
    async open(xmlid, fields, context = {}) {
        const {plant} = this.state;
        const domain = plant
            ? [
                  ...Array(fields.length - 1).fill("|"),
                  ...fields.map((name) => [name, "=", plant]),
              ]
            : [];
        const action = await this.action.loadAction(xmlid);
        // The search view is added again.
        const views = action.views.filter(([, type]) => type !== "search");
        return this.action.doAction({...action, views, domain, context});
    }

    money(value) {
        return formatCurrency(value, this.state.data.currency_id);
    }

    /** Companies that the user did not tick, while those that are ticked have nothing to show. */
    get untickedNames() {
        const {charts, plant} = this.state;
        if (charts.length || plant) {
            return "";
        }
        const {allowedCompanies, activeCompanyIds} = this.company;
        return Object.values(allowedCompanies)
            .filter(({id}) => !activeCompanyIds.includes(id))
            .map(({name}) => name)
            .join(", ");
    }

    /**
     * @param {Object} data as `get_home` gives it
     * @returns {Object[]} the figures on top: key, value, label, hint, bad, open
     */
    cards(data) {
        const pair = ["seller_company_id", "buyer_company_id"];
        const cards = [];
        if (data.exceptions) {
            const {mine, all, critical} = data.exceptions;
            const open = (context) =>
                this.open(
                    "mfg_suite.mfg_suite_exception_action",
                    ["company_id", "other_company_id"],
                    context
                );
            cards.push({
                key: "mine",
                value: mine,
                label: _t("wait for you"),
                hint: _t("of %s in all", all),
                bad: mine,
                open: () => open({search_default_filter_mine: 1}),
            });
            cards.push({
                key: "critical",
                value: critical,
                label: _t("critical"),
                hint: _t("whoever is responsible"),
                bad: critical,
                open: () =>
                    open({search_default_filter_critical: 1, search_default_group_kind: 1}),
            });
        }
        if (data.messages) {
            const count = sum(data.messages, "outbound") + sum(data.messages, "inbound");
            const overdue = sum(data.messages, "overdue");
            cards.push({
                key: "messages",
                value: count,
                label: _t("dead letters"),
                hint: overdue ? _t("%s overdue", overdue) : _t("none overdue"),
                bad: overdue,
                open: () =>
                    this.open("mfg_integration_queue.mfg_integration_exception_action", [
                        "company_id",
                    ]),
            });
        }
        if (data.holds) {
            const {groups, late} = data.holds;
            cards.push({
                key: "holds",
                value: sum(groups, "count"),
                label: _t("open holds"),
                hint: late
                    ? _t("%s on hold, %s late", this.money(sum(groups, "value")), late)
                    : _t("%s on hold", this.money(sum(groups, "value"))),
                bad: late,
                open: () =>
                    this.open("mfg_quality_hold.mfg_quality_hold_action", ["company_id"], {
                        search_default_open: 1,
                    }),
            });
        }
        if (data.intercompany) {
            const count = sum(data.intercompany, "count");
            cards.push({
                key: "intercompany",
                value: count,
                label: _t("plants disagree"),
                hint: _t("orders, deliveries, invoices"),
                bad: count,
                open: () =>
                    this.open("mfg_multi_company.mfg_ic_exception_action", pair, {
                        search_default_open: 1,
                    }),
            });
        }
        if (data.mismatches) {
            const count = sum(data.mismatches, "count");
            cards.push({
                key: "mismatches",
                value: count,
                label: _t("unmatched documents"),
                hint: _t("in the books of both sides"),
                bad: count,
                open: () => this.open("mfg_multi_company.mfg_ic_mismatch_action", pair),
            });
        }
        if (data.alerts) {
            const {all, critical} = data.alerts;
            cards.push({
                key: "alerts",
                value: all,
                label: _t("audit alerts"),
                hint: critical ? _t("%s critical", critical) : _t("none critical"),
                bad: critical,
                open: () =>
                    this.open("mfg_audit_trail.mfg_audit_alert_action", ["company_id"], {
                        search_default_open: 1,
                    }),
            });
        }
        if (data.assurance) {
            const {level, name, verdict, gaps} = data.assurance;
            const verdicts = {
                none: _t("not verified yet"),
                ok: _t("verified: as it was"),
                findings: _t("verified: findings"),
            };
            cards.push({
                key: "assurance",
                value: `L${level}`,
                label: _t("audit assurance"),
                hint: gaps ? _t("%s tables with gaps", gaps) : verdicts[verdict],
                title: name,
                bad: gaps || verdict === "findings",
                open: () =>
                    this.action.doAction("mfg_audit_trail.mfg_audit_verification_action"),
            });
        }
        if (data.stock) {
            const {stock, transit = []} = data;
            const total =
                sum(stock, "free") +
                sum(stock, "held") +
                sum(stock, "outside") +
                sum(transit, "value");
            cards.push({
                key: "stock",
                // Shortened, as a tile has room for eight signs; the rest is in its title.
                value: formatCurrency(total, data.currency_id, {
                    humanReadable: true,
                    digits: [16, 1],
                }),
                title: this.money(total),
                label: _t("stock of the group"),
                hint: _t("%s on hold", this.money(sum(stock, "held"))),
                open: () =>
                    this.open(
                        "mfg_integration_plant.mfg_integration_stock_overview_action",
                        ["company_id"],
                        {search_default_group_company: 1}
                    ),
            });
        }
        return cards;
    }

    /**
     * @param {Object} data as `get_home` gives it
     * @returns {Object[]} the charts that have something to show: key, title, config
     */
    charts(data) {
        const money = (value) => this.money(value);
        return [
            this.chartOf("service", _t("Service levels: interfaces per plant"), data.service, [
                [_t("Not kept"), "red", COLORS.red],
                [_t("Nearly missed"), "amber", COLORS.amber],
                [_t("Kept"), "green", COLORS.green],
                [_t("None agreed"), "grey", COLORS.grey],
            ]),
            this.chartOf("messages", _t("Dead letters per plant"), data.messages, [
                [_t("Not delivered"), "outbound", COLORS.blue],
                [_t("Not processed"), "inbound", COLORS.teal],
            ]),
            this.chartOfHolds("holds", _t("Open holds by age"), data.holds, "count"),
            this.chartOfHolds(
                "hold_value",
                _t("Value on hold by age"),
                data.holds,
                "value",
                money
            ),
            this.chartOf("intercompany", _t("Where plants disagree"), data.intercompany, [
                [_t("Open"), "count", COLORS.amber],
            ]),
            this.chartOf(
                "stock",
                _t("Stock by plant and status, at cost"),
                this.stockRows(data),
                [
                    [_t("Free"), "free", COLORS.teal],
                    [_t("On hold"), "held", COLORS.red],
                    [_t("In transit between plants"), "transit", COLORS.amber],
                    [_t("Reported by other systems"), "outside", COLORS.light],
                ],
                money
            ),
        ].filter(Boolean);
    }

    /** One row per plant: goods in transit belong to the plant they go to. */
    stockRows({stock, transit = []}) {
        if (!stock) {
            return null;
        }
        const rows = new Map(stock.map((row) => [row.id, {...row, transit: 0}]));
        for (const {id, name, value} of transit) {
            const none = {id, name, free: 0, held: 0, outside: 0};
            rows.set(id, {...(rows.get(id) || none), transit: value});
        }
        return [...rows.values()];
    }

    /**
     * @param {String} key
     * @param {String} title
     * @param {Object[]} rows with a name and the values of the series
     * @param {Array[]} series of [label, name of the value, color]
     * @param {Function} [format] of a value
     * @returns {Object|null} stacked bars, a bar for each row; many of them lie
     */
    chartOf(key, title, rows, series, format) {
        if (!rows || !rows.length) {
            return null;
        }
        const datasets = series.map(([label, name, color]) => ({
            type: "bar",
            label,
            data: rows.map((row) => row[name]),
            backgroundColor: color,
            maxBarThickness: 64,
            stack: "one",
        }));
        const config = chart(
            rows.map((row) => row.name),
            datasets,
            format
        );
        // Every plant has its name: beside its bar, or below it in as many lines as it takes.
        if (rows.length > MOST_STANDING) {
            return {key, title, config: lying(config)};
        }
        Object.assign(config.options.scales.x.ticks, {
            autoSkip: false,
            callback(value) {
                return linesOf(this.getLabelForValue(value));
            },
        });
        return {key, title, config};
    }

    chartOfHolds(key, title, holds, value, format) {
        if (!holds) {
            return null;
        }
        const rows = new Map();
        for (const group of holds.groups) {
            const empty = Object.fromEntries(holds.ages.map((age) => [age.key, 0]));
            const row = rows.get(group.id) || {name: group.name, ...empty};
            row[group.age] = group[value];
            rows.set(group.id, row);
        }
        const series = holds.ages.map((age, index) => [
            age.name,
            age.key,
            AGE_COLORS[index],
        ]);
        return this.chartOf(key, title, [...rows.values()], series, format);
    }
}

GroupHome.template = "mfg_suite.Home";
GroupHome.components = {DashboardChart, FirstSteps, Layout};

registry.category("actions").add("mfg_suite_home", GroupHome);
