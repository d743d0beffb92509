/** @odoo-module **/

import {Component, onWillStart, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {tourState} from "@web_tour/tour_service/tour_state";
import {useService} from "@web/core/utils/hooks";

const HIDDEN = "mfg_suite_first_steps_hidden";
const titles = registry.category("mfg_suite.first_steps");

/**
 * Register the guided tour of a role. Its steps touch no business data.
 *
 * @param {String} name as the server offers it: FIRST_STEPS of mfg.suite.home
 * @param {String} title
 * @param {Function} steps
 */
export function addFirstSteps(name, title, steps) {
    titles.add(name, title);
    registry.category("web_tour.tours").add(name, {
        // Any other kind starts by itself for the administrator of a fresh database.
        test: true,
        url: "/web#action=mfg_suite.mfg_suite_home_action",
        rainbowManMessage: () => _t("That was it. The guide of your role tells the rest."),
        steps,
    });
}

/** The guided tours for the roles of the user. */
export class FirstSteps extends Component {
    setup() {
        this.orm = useService("orm");
        this.tourService = useService("tour_service");
        this.state = useState({
            tours: [],
            hidden: Boolean(browser.localStorage.getItem(HIDDEN)),
        });
        onWillStart(async () => {
            const offered = await this.orm.call("mfg.suite.home", "get_first_steps");
            this.state.tours = offered.map(({tour, done}) => ({
                name: tour,
                title: titles.get(tour),
                done,
            }));
        });
    }

    /** The tours that somebody began and left: they go on wherever their next step is seen. */
    get begun() {
        const active = tourState.getActiveTourNames();
        return this.state.tours.map(({name}) => name).filter((name) => active.includes(name));
    }

    start(name) {
        const begun = this.begun;
        this.tourService.startTour(name, {mode: "manual", redirect: false});
        if (begun.length) {
            // The service begins a tour only once per page, and two would point at once.
            this.leave(begun.filter((each) => each !== name));
            tourState.set(name, "currentIndex", 0);
            browser.location.reload();
        }
    }

    toggle() {
        this.state.hidden = !this.state.hidden;
        if (!this.state.hidden) {
            browser.localStorage.removeItem(HIDDEN);
            return;
        }
        browser.localStorage.setItem(HIDDEN, "1");
        const begun = this.begun;
        if (begun.length) {
            this.leave(begun);
            browser.location.reload();
        }
    }

    leave(names) {
        for (const name of names) {
            tourState.clear(name);
        }
    }
}

FirstSteps.template = "mfg_suite.FirstSteps";
FirstSteps.props = {};
