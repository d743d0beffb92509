/** @odoo-module **/

export const FORM = ".o_form_view";
export const ROW = ".o_selected_row";

/** Steps that open an entry below a menu of the application. */
export function menu(section, entry, title) {
    return [
        {
            content: `${section}, for ${entry}`,
            trigger: `.o_menu_sections button.dropdown-toggle:contains('${section}')`,
        },
        {content: entry, trigger: `.o-dropdown--menu a:contains('${entry}')`},
        {
            content: `${entry} is open`,
            trigger: `.o_breadcrumb:contains('${title}')`,
            isCheck: true,
        },
    ];
}

/** A step that writes into a text field. */
export function fill(field, text, inside = FORM) {
    return {
        content: `${field}: ${text}`,
        trigger: `${inside} .o_field_widget[name='${field}'] input`,
        run: `text ${text}`,
    };
}

/** Steps that choose a record in a field with a search. */
export function choose(field, text, inside = FORM) {
    return [
        fill(field, text, inside),
        {
            content: `${text} is found`,
            trigger: `.o-autocomplete--dropdown-item > a:contains('${text}'):not(:contains('Create'))`,
        },
    ];
}
