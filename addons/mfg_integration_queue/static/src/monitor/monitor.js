/** @odoo-module **/

import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {formatDuration} from "../duration";

const REFRESH = 15000;

/** How every interface does against its service level, a tile per plant and system. */
export class IntegrationMonitor extends Component {
    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = {controlPanel: {}};
        this.formatDuration = formatDuration;
        this.state = useState({data: null, company: null, system: null, status: null});
        onWillStart(() => this.load());
        const timer = setInterval(() => this.load(), REFRESH);
        onWillUnmount(() => clearInterval(timer));
    }

    async load() {
        this.state.data = await this.orm.silent.call(
            "mfg.integration.monitor",
            "get_monitor",
            []
        );
    }

    get time() {
        return formatDateTime(deserializeDateTime(this.state.data.time));
    }

    /** The plants or systems there are, for the switch. */
    choices(kind) {
        const found = new Map(
            this.state.data.tiles.map((tile) => [tile[kind].id, tile[kind]])
        );
        return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
    }

    choose(kind, event) {
        this.state[kind] = Number(event.target.value) || null;
    }

    toggleStatus(status) {
        this.state.status = this.state.status === status ? null : status;
    }

    get chosen() {
        const {company, system} = this.state;
        return this.state.data.tiles.filter(
            (tile) =>
                (!company || tile.company.id === company) &&
                (!system || tile.system.id === system)
        );
    }

    get tiles() {
        const {status} = this.state;
        return this.chosen.filter((tile) => !status || tile.status === status);
    }

    get counts() {
        const counts = {red: 0, amber: 0, green: 0, grey: 0};
        for (const tile of this.chosen) {
            counts[tile.status] += 1;
        }
        return counts;
    }

    async open(tile, line, what) {
        const action = await this.orm.call("mfg.integration.monitor", "open_messages", [
            tile.company.id,
            tile.system.id,
            line.id,
            what,
        ]);
        return this.action.doAction(action);
    }

    openWorkers() {
        return this.action.doAction(
            "mfg_integration_queue.mfg_integration_worker_action"
        );
    }
}

IntegrationMonitor.template = "mfg_integration_queue.Monitor";
IntegrationMonitor.components = {Layout};

registry.category("actions").add("mfg_integration_monitor", IntegrationMonitor);
