"""EN-10: a consultant installs the queue from Odoo's Apps menu, in the browser."""

import pytest
from launcher import network, processes, setup
from launcher.checkout import Checkout
from launcher.progress import Progress
from launcher.services import Service

from .support.browser import chromium

START_SECONDS = 60
INSTALL_SECONDS = 180


@pytest.fixture
def plain_odoo(tmp_path):
    """The address of a server on an Odoo without our modules, its add-ons path set."""
    checkout = Checkout.here()
    checkout.prepare()
    workspace = setup.open_workspace(checkout, Progress())
    # The queue needs no more, and this much is installed in a fraction of the time.
    database = workspace.clone(workspace.base_template(["mail"]), "mfg_test_apps")
    port = network.free_port()
    conf = workspace.odoo.write_conf(
        database, database, http_port=port, gevent_port=network.free_port()
    )
    # What an administrator does once: "Update Apps List".
    workspace.script(database, "env['ir.module.module'].update_list(); env.cr.commit()")
    server = Service(
        "server",
        workspace.odoo.command(),
        tmp_path / "server.log",
        workspace.odoo.environment(conf),
    )
    try:
        server.wait_until(
            lambda: server.has_logged("HTTP service (werkzeug) running"), START_SECONDS
        )
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.stop(server.process)
        workspace.drop(database)
        conf.unlink(missing_ok=True)


@pytest.fixture
def page():
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
        page.set_default_timeout(30_000)
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert not errors


def test_en_10_installed_from_the_apps_menu(plain_odoo, page, tmp_path):
    page.goto(f"{plain_odoo}/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.click(".oe_login_form button[type=submit]")
    page.wait_for_selector(".o_web_client .o_action_manager")

    page.goto(f"{plain_odoo}/web#action=base.open_module_tree")
    page.wait_for_selector(".o_kanban_renderer")
    # the default filter "Apps" stays on
    page.wait_for_selector(".o_searchview_facet:has-text('Apps')")
    page.fill(".o_searchview_input", "Integration Queue")
    page.press(".o_searchview_input", "Enter")
    card = page.locator(".o_kanban_record:has-text('Integration Queue')")
    card.wait_for()
    # Odoo comes back by itself, with the new application in its menu
    with page.expect_navigation(timeout=INSTALL_SECONDS * 1000):
        card.locator("button[name=button_immediate_install]").click()
    page.click(".o_navbar_apps_menu button")
    page.locator(".o-dropdown--menu a:has-text('Integration')").first.click()

    page.wait_for_selector(".o_breadcrumb:has-text('My Exceptions')")
    page.wait_for_selector(".o_nocontent_help:has-text('Nothing waits for you')")
    page.screenshot(path=tmp_path / "en_10.png")
    for menu, title, hint in (
        ("Messages", "Outgoing", "Begin with Configuration"),
        ("Configuration", "Systems", "Which system do you want to talk to?"),
        ("Configuration", "Endpoints", "Where do messages go?"),
        ("Configuration", "Subscriptions", "Nobody listens yet"),
    ):
        page.click(f"button.dropdown-toggle:has-text('{menu}')")
        page.click(f".o-dropdown--menu a:text-is('{title}')")
        page.wait_for_selector(f".o_nocontent_help:has-text('{hint}')")
