/** @odoo-module **/

import {FloatField, floatField} from "@web/views/fields/float/float_field";
import {registry} from "@web/core/registry";

/** A measured value: empty, not zero, as long as nothing was measured. */
export class MeasuredField extends FloatField {
    get formattedValue() {
        const {data} = this.props.record;
        return data.is_recorded || this.value ? super.formattedValue : "";
    }
}

registry.category("fields").add("mfg_measured", {
    ...floatField,
    component: MeasuredField,
});
