/** @odoo-module **/
/* eslint-disable sort-imports */

import {Component, useRef, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {WarningDialog} from "@web/core/errors/error_dialogs";
import {_t} from "@web/core/l10n/translation";
import {rpcService} from "@web/core/network/rpc_service";
import {registry} from "@web/core/registry";
import {useAutofocus} from "@web/core/utils/hooks";

const REASON_REQUIRED = "odoo.addons.mfg_audit_trail.exceptions.ReasonRequired";
const REASON_KEY = "mfg_audit_reason";

/** Asks why before a change is done that a rule wants to have a reason. */
export class ReasonDialog extends Component {
    setup() {
        this.title = _t("Reason for this change");
        this.state = useState({text: ""});
        this.input = useRef("autofocus");
        useAutofocus();
    }

    confirm() {
        if (this.state.text.trim()) {
            this.props.answer(this.state.text.trim());
            this.props.close();
        }
    }
}

ReasonDialog.template = "mfg_audit_trail.ReasonDialog";
ReasonDialog.components = {Dialog};
ReasonDialog.props = {message: String, answer: Function, close: Function};

function ask(env, message) {
    return new Promise((resolve) => {
        env.services.dialog.add(
            ReasonDialog,
            {message, answer: resolve},
            {onClose: () => resolve(null)}
        );
    });
}

function withReason(params, reason) {
    const kwargs = params.kwargs || {};
    const context = {...kwargs.context, [REASON_KEY]: reason};
    return {...params, kwargs: {...kwargs, context}};
}

/** The client's calls, each repeated with its reason when the server wants one. */
const askingRpcService = {
    ...rpcService,
    start(env) {
        const rpc = rpcService.start(env);
        return function (route, params = {}, settings = {}) {
            let call = rpc(route, params, settings);
            const answered = call.catch(async (error) => {
                if (error.exceptionName !== REASON_REQUIRED) {
                    throw error;
                }
                const reason = await ask(env, error.data.message.split("\n")[0]);
                if (!reason) {
                    throw error;
                }
                call = rpc(route, withReason(params, reason), settings);
                return call;
            });
            answered.abort = (rejectError) => call.abort(rejectError);
            return answered;
        };
    },
};

registry.category("services").add("rpc", askingRpcService, {force: true});
registry.category("error_dialogs").add(REASON_REQUIRED, WarningDialog);
