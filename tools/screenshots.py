"""Take a picture of every main screen, for the documents and for looking at.

    python tools/screenshots.py --url http://127.0.0.1:8069 --out docs/img

The server runs already and has the demo group. A screen that does not come up, a
JavaScript error or an error dialog fails the run; the other pictures are taken all the
same.
"""

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

VIEWPORT = {"width": 1440, "height": 900}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without a sandbox it runs as root as well, as in most containers.
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
TIMEOUT_MS = 30_000
LIST = ".o_list_view .o_data_row"
FORM = ".o_form_view .o_form_sheet"
KANBAN = ".o_kanban_view .o_kanban_record:not(.o_kanban_ghost)"
# Odoo never becomes "network idle": the websocket stays open.
SETTLED = """() =>
    !document.querySelector(".o_loading_indicator") &&
    document.fonts.status === "loaded" &&
    [...document.images].every((image) => image.complete)
"""
# Parts of a form arrive one after the other, the chatter last: wait until nothing has
# changed for a moment, but not for ever.
QUIET_MS = 300
QUIET_LIMIT_MS = 10_000
QUIET = """([quiet, limit]) => new Promise((resolve) => {
    const done = () => {
        observer.disconnect();
        resolve();
    };
    let timer = setTimeout(done, quiet);
    setTimeout(done, limit);
    const observer = new MutationObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(done, quiet);
    });
    observer.observe(document.body, {
        attributes: true, characterData: true, childList: true, subtree: true,
    });
})
"""
ALLOWED_COMPANIES = """async () => {
    const response = await fetch("/web/session/get_session_info", {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify({jsonrpc: "2.0", params: {}}),
    });
    const session = (await response.json()).result;
    return Object.keys(session.user_companies.allowed_companies).join(",");
}
"""
BROKEN_IMAGES = """() => [...document.images]
    .filter((image) => image.src && image.offsetParent && !image.naturalWidth)
    .map((image) => new URL(image.src).pathname)
"""


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
)


class Photographer:
    """Takes the pictures with one browser, one session per login."""

    def __init__(self, browser, base_url, out_dir, logins):
        self.browser = browser
        self.base_url = base_url.rstrip("/")
        self.out_dir = Path(out_dir)
        self.logins = logins
        self.problems = []
        self._pages = {}
        self._companies = {}
        self._screen = None

    def take(self, screen):
        """Save one picture; note what went wrong instead of raising."""
        self._screen = screen.name
        try:
            page = self._page(screen.login)
            # A change of the fragment alone would keep the state of the last screen.
            page.goto("about:blank")
            page.goto(self.base_url + screen.path + self._companies[screen.login])
            page.wait_for_selector(screen.ready)
            for selector in screen.clicks:
                page.click(selector)
            if screen.then:
                page.wait_for_selector(screen.then)
            settle(page)
            page.screenshot(path=self.out_dir / f"{screen.name}.png")
            if page.query_selector(".o_error_dialog"):
                self._note("shows an error dialog")
            for path in page.evaluate(BROKEN_IMAGES):
                self._note(f"broken image {path}")
        except PlaywrightError as error:
            self._note(error.message.splitlines()[0])

    def _page(self, login):
        if login not in self._pages:
            context = self.browser.new_context(
                viewport=VIEWPORT, locale="en-US", reduced_motion="reduce"
            )
            context.set_default_timeout(TIMEOUT_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: self._note(f"page error: {error}"))
            page.on("console", self._on_console)
            page.goto(f"{self.base_url}/web/login")
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", self.logins.get(login, login))
            page.click(".oe_login_form button[type=submit]")
            page.wait_for_selector(".o_web_client .o_main_navbar")
            settle(page)
            # Without this a user sees only one of the companies they work for.
            companies = page.evaluate(ALLOWED_COMPANIES)
            self._companies[login] = f"&cids={companies}"
            self._pages[login] = page
        return self._pages[login]

    def _on_console(self, message):
        if message.type == "error":
            self._note(f"console error: {message.text}")

    def _note(self, text):
        self.problems.append(f"{self._screen}: {text}")


def settle(page):
    """Wait until nothing loads and nothing changes any more."""
    page.evaluate(QUIET, [QUIET_MS, QUIET_LIMIT_MS])
    page.wait_for_function(SETTLED)


def find_browser():
    """Return the path of the system's Chromium.

    :raise SystemExit: there is none
    """
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    sys.exit(f"No browser found. Install one of: {', '.join(BROWSERS)}.")


def main(base_url, out_dir, logins=None, only=None):
    """Take the pictures.

    :param str base_url: running server, e.g. ``http://127.0.0.1:8069``
    :param out_dir: folder for the PNG files, made if absent
    :param dict logins: passwords by login; by default the login itself
    :param only: names of the screens to take, all without it
    :return: exit code, 1 if a screen failed or showed an error
    """
    unknown = set(only or ()) - {screen.name for screen in SCREENS}
    if unknown:
        sys.exit(f"Unknown screens: {', '.join(sorted(unknown))}")
    Path(out_dir).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=BROWSER_ARGUMENTS
        )
        photographer = Photographer(browser, base_url, out_dir, logins or {})
        for screen in SCREENS:
            if not only or screen.name in only:
                photographer.take(screen)
                print(f"{screen.name}.png", flush=True)
        browser.close()
    for problem in photographer.problems:
        print(problem, file=sys.stderr)
    return 1 if photographer.problems else 0


def parse_arguments(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="running Odoo server")
    parser.add_argument("--out", required=True, help="folder for the pictures")
    parser.add_argument("--only", action="append", help="name of a screen; repeatable")
    parser.add_argument(
        "--login",
        action="append",
        default=[],
        metavar="LOGIN=PASSWORD",
        help="password of a login (default: the login itself); repeatable",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    options = parse_arguments(sys.argv[1:])
    sys.exit(
        main(
            options.url,
            options.out,
            logins=dict(pair.split("=", 1) for pair in options.login),
            only=options.only,
        )
    )
