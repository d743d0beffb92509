"""Which screens there are pictures of: every menu of ours, and what opens from it."""

from dataclasses import dataclass

LIST = ".o_list_view .o_data_row"
FORM = ".o_form_view .o_form_sheet"
KANBAN = ".o_kanban_view .o_kanban_record:not(.o_kanban_ghost)"
VIEW = ".o_view_controller"


@dataclass(frozen=True)
class Screen:
    """One picture.

    :param name: file name without suffix
    :param action: external id of the action to open
    :param ready: selector that is visible once the screen is there
    :param clicks: selectors to click one after the other, then ``then`` is waited for
    :param then: selector that is visible after the clicks
    :param view: view type to open instead of the action's first one
    :param login: user who looks
    """

    name: str
    action: str
    ready: str
    clicks: tuple[str, ...] = ()
    then: str | None = None
    view: str | None = None
    login: str = "admin"

    @property
    def path(self):
        """Path and fragment of the page."""
        view = f"&view_type={self.view}" if self.view else ""
        return f"/web#action={self.action}{view}"


QUEUE = "mfg_integration_queue.mfg_integration_"
HOLD = "mfg_quality_hold.mfg_quality_"
#: names of actions behind menus, whose picture is that of the list as it opens
MENUS = {
    ("auditor", "mfg_audit_trail.mfg_audit_{}_action"): (
        "alert",
        "alert_rule",
        "archive",
        "duty",
        "duty_conflict",
        "duty_finding",
        "duty_mitigation",
        "event",
        "legal_hold",
        "profile",
        "removal",
        "retention",
        "rule",
        "transaction",
        "verification",
    ),
    ("integrator", "mfg_integration_plant.mfg_integration_{}_action"): (
        "facility_template",
        "file_layout",
        "stock_difference",
        "trigger",
    ),
    ("warehouse-a", "mfg_integration_plant.mfg_integration_{}_action"): (
        "stock_overview",
    ),
    ("admin", "mfg_integration_queue.mfg_integration_{}_action"): (
        "activation",
        "metrics_token",
    ),
    ("integrator", "mfg_integration_queue.mfg_integration_{}_action"): (
        "contract_change",
        "credential",
        "folder",
        "template",
        "value_map",
        "xref",
    ),
    ("integration-operator", "mfg_integration_queue.mfg_integration_{}_action"): (
        "decision",
        "file",
        "inbox",
        "inbox_exception",
        "minute",
        "replay",
    ),
    ("steward", "mfg_multi_company.mfg_{}_action"): (
        "change_request",
        "data_issue",
        "data_override",
        "item_xref",
    ),
    ("integrator", "mfg_multi_company.mfg_{}_action"): (
        "data_policy",
        "data_rule",
        "ic_agreement",
        "plant",
        "plant_domain",
        "plant_role",
        "plant_role_assignment",
        "plant_role_conflict",
        "release_gate",
    ),
    ("controller", "mfg_multi_company.mfg_{}_action"): (
        "ic_balance",
        "ic_exception",
        "ic_flow",
        "ic_mismatch",
        "ic_price_log",
        "ic_price_rule",
        "release",
    ),
    ("controller", "mfg_multi_company_trade.mfg_ic_{}_action"): ("change", "transit"),
    ("quality-manager", "mfg_quality_hold.mfg_quality_{}_action"): (
        "approval_rule",
        "complaint",
        "escape",
        "hold_line",
        "hold_reason",
        "hold_rule",
        "inspection_plan",
    ),
    ("auditor", "mfg_suite.mfg_suite_{}_action"): ("incident",),
}


def first(text="", cell=""):
    """Return the selector of a cell in the first row of a list that holds a text."""
    return f".o_data_row:has-text('{text}') .o_data_cell{cell} >> nth=0"


SCREENS = (
    Screen("home", "mfg_suite.mfg_suite_home_action", ".o_mfg_chart canvas"),
    Screen(
        "my_exceptions",
        "mfg_suite.mfg_suite_exception_action",
        LIST,
        login="integration-operator",
    ),
    Screen("holds", f"{HOLD}hold_action", KANBAN, login="quality-manager"),
    Screen(
        "hold",
        f"{HOLD}hold_action",
        LIST,
        clicks=(first("COMPLAINT"),),
        then=FORM,
        view="list",
        login="quality-manager",
    ),
    Screen("hold_ageing", f"{HOLD}hold_action_ageing", KANBAN, login="quality-manager"),
    Screen(
        "hold_pareto",
        f"{HOLD}hold_action_reasons",
        ".o_graph_view canvas",
        login="quality-manager",
    ),
    Screen(
        "disposition_to_sign",
        f"{HOLD}disposition_action",
        LIST,
        clicks=(first("Return"), "button[name=action_sign]"),
        then=".modal .o_form_view",
        login="quality-manager",
    ),
    Screen(
        "inspection",
        f"{HOLD}inspection_action",
        ".o_list_view",
        clicks=(".o_facet_remove", first("Failed")),
        then=FORM,
        login="quality-a",
    ),
    Screen(
        "trace",
        f"{HOLD}trace_action",
        LIST,
        clicks=(first(), ".o_notebook .nav-link:has-text('Customers')"),
        then=".o_data_row:has-text('Lakeside')",
        login="quality-a",
    ),
    Screen(
        "bill_on_hold",
        "account.action_move_in_invoice_type",
        LIST,
        clicks=(first("Keystone"),),
        then=".alert-danger:visible",
        login="controller",
    ),
    Screen("messages", f"{QUEUE}delivery_action", LIST, login="integration-operator"),
    Screen(
        "message_retried",
        f"{QUEUE}delivery_action",
        LIST,
        clicks=(first("planning"),),
        then=f"{FORM} .o_field_x2many .o_data_row",
        login="integration-operator",
    ),
    Screen("dead_letters", f"{QUEUE}dead_action", LIST, login="integration-operator"),
    Screen(
        "dead_letter_board",
        f"{QUEUE}dead_action",
        KANBAN,
        view="kanban",
        login="integration-operator",
    ),
    Screen(
        "dead_letter",
        f"{QUEUE}dead_action",
        LIST,
        clicks=(first(),),
        then=FORM,
        login="integration-operator",
    ),
    Screen(
        "monitor",
        f"{QUEUE}monitor_action",
        ".o_mfg_tile",
        login="integration-operator",
    ),
    Screen(
        "dashboard",
        f"{QUEUE}dashboard_action",
        ".o_mfg_chart canvas",
        login="integration-operator",
    ),
    Screen(
        "exceptions", f"{QUEUE}exception_action", LIST, login="integration-operator"
    ),
    Screen(
        "alerts", f"{QUEUE}alert_action", ".o_list_view", login="integration-operator"
    ),
    Screen("events", f"{QUEUE}event_action", LIST, login="integration-operator"),
    Screen("attempts", f"{QUEUE}attempt_action", LIST, login="integration-operator"),
    Screen("workers", f"{QUEUE}worker_action", LIST, login="integration-operator"),
    Screen("systems", f"{QUEUE}system_action", LIST, login="integrator"),
    Screen(
        "system",
        f"{QUEUE}system_action",
        LIST,
        clicks=(first("MES"),),
        then=FORM,
        login="integrator",
    ),
    Screen("endpoints", f"{QUEUE}endpoint_action", LIST, login="integrator"),
    Screen(
        "endpoint",
        f"{QUEUE}endpoint_action",
        LIST,
        clicks=(first("planning"),),
        then=FORM,
        login="integrator",
    ),
    Screen("interfaces", f"{QUEUE}interface_action", LIST, login="integrator"),
    Screen(
        "interface",
        f"{QUEUE}interface_action",
        LIST,
        clicks=(first("production.completed"),),
        then=FORM,
        login="integrator",
    ),
    Screen(
        "contract",
        f"{QUEUE}interface_version_action",
        LIST,
        clicks=(first(),),
        then=FORM,
        login="approver",
    ),
    Screen("subscriptions", f"{QUEUE}subscription_action", LIST, login="integrator"),
    Screen("retry_policies", f"{QUEUE}retry_policy_action", LIST),
    Screen("error_wordings", f"{QUEUE}error_code_action", LIST),
    Screen(
        "manufacturing_order",
        "mrp.mrp_production_action",
        ".o_searchview_facet",
        clicks=(".o_facet_remove", first("Done", "[name=name]")),
        then=".o_form_view button[name=action_view_mfg_messages]",
        view="list",
        login="supervisor-c",
    ),
    Screen(
        "manufacturing_orders",
        "mrp.mrp_production_action",
        LIST,
        view="list",
        login="planner",
    ),
    Screen(
        "lifecycle",
        "mrp.mrp_production_action",
        LIST,
        clicks=(first("", "[name=name]"), ".nav-link:has-text('Lifecycle')"),
        then=".o_form_view",
        view="list",
        login="planner",
    ),
    Screen(
        "change",
        "mfg_audit_trail.mfg_audit_event_action",
        LIST,
        clicks=(first("Disposition"),),
        then=FORM,
        login="auditor",
    ),
    Screen(
        "flow",
        "mfg_multi_company.mfg_ic_flow_action",
        LIST,
        clicks=(first(),),
        then=FORM,
        login="controller",
    ),
    Screen(
        "agreement",
        "mfg_multi_company.mfg_ic_agreement_action",
        LIST,
        clicks=(first(),),
        then=FORM,
        login="controller",
    ),
    Screen(
        "disagreement",
        "mfg_multi_company.mfg_ic_exception_action",
        LIST,
        clicks=(first(),),
        then=FORM,
        login="controller",
    ),
    Screen(
        "place_on_hold",
        "mfg_quality_hold.mfg_quality_hold_place_action",
        ".modal .o_form_view",
        login="quality-a",
    ),
    Screen(
        "connect_a_facility",
        "mfg_integration_plant.mfg_integration_facility_connect_action",
        ".o_form_view",
        login="integrator",
    ),
    *(
        Screen(
            action.partition(".")[2].removesuffix("_action"), action, VIEW, login=login
        )
        for (login, pattern), names in MENUS.items()
        for action in map(pattern.format, names)
    ),
)
