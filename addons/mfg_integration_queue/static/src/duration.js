/** @odoo-module **/

import {_t} from "@web/core/l10n/translation";

/**
 * A time span for people: two digits tell enough.
 *
 * @param {Number|null} milliseconds
 * @returns {String}
 */
export function formatDuration(milliseconds) {
    if (milliseconds === null || milliseconds === undefined) {
        return "–";
    }
    const units = [
        [86400000, _t("d")],
        [3600000, _t("h")],
        [60000, _t("min")],
        [1000, _t("s")],
    ];
    for (const [size, unit] of units) {
        if (milliseconds >= size) {
            const value = milliseconds / size;
            return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ${unit}`;
        }
    }
    return `${Math.round(milliseconds)} ${_t("ms")}`;
}
