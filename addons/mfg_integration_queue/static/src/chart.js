/** @odoo-module **/

/* global Chart */

import {Component, useEffect, useRef} from "@odoo/owl";

export const COLORS = {
    blue: "#3a6ea5",
    teal: "#1f9e89",
    red: "#c9302c",
    amber: "#e08e0b",
    green: "#2e8b57",
    grey: "#9aa0a6",
    light: "#a9c1dc",
};

/** One chart of a dashboard; its page loads web.chartjs_lib. */
export class DashboardChart extends Component {
    setup() {
        this.canvas = useRef("canvas");
        useEffect(
            () => {
                const chart = new Chart(this.canvas.el, this.props.config);
                return () => chart.destroy();
            },
            () => [this.props.config]
        );
    }
}

DashboardChart.template = "mfg_integration_queue.DashboardChart";
DashboardChart.props = {title: String, config: Object};

/**
 * @param {String[]} labels
 * @param {Object[]} datasets
 * @param {Function} [format] of a value; without it values are numbers of messages
 * @param {Number} [suggestedMax] how far the scale goes at least
 * @returns {Object} configuration of Chart.js
 */
export function chart(labels, datasets, format = null, suggestedMax = 1) {
    const text = format || ((value) => value);
    return {
        data: {labels, datasets},
        options: {
            animation: false,
            maintainAspectRatio: false,
            interaction: {mode: "index", intersect: false},
            plugins: {
                legend: {display: datasets.length > 1, position: "bottom"},
                tooltip: {
                    callbacks: {
                        label: (item) =>
                            `${item.dataset.label}: ${text(item.raw)}`,
                    },
                },
            },
            scales: {
                x: {
                    stacked: true,
                    grid: {display: false},
                    ticks: {maxTicksLimit: 8, maxRotation: 0},
                },
                y: {
                    beginAtZero: true,
                    suggestedMax,
                    ticks: {
                        maxTicksLimit: 6,
                        precision: format ? undefined : 0,
                        callback: (value) => text(value),
                    },
                },
            },
        },
    };
}

/**
 * @param {Object} config of bars, as `chart` returns it
 * @returns {Object} the same, its bars lying: names of any length stand beside them
 */
export function lying(config) {
    const {scales, interaction} = config.options;
    config.options.indexAxis = "y";
    interaction.axis = "y";
    config.options.scales = {
        x: {...scales.y, stacked: true, ticks: {...scales.y.ticks, maxRotation: 0}},
        y: {stacked: true, grid: {display: false}, ticks: {autoSkip: false}},
    };
    return config;
}
