"""People who work in the web client, one after the other at the same screen."""

import re

from playwright.sync_api import TimeoutError

#: for one step; the first page loads all the code of the web client
STEP_SECONDS = 60


class Person:
    """Somebody who logs in and works in one company.

    People share the window, hence its cache, and each has a session of the own: whoever
    opens a form sits down at the screen.

    :param page: window of the browser
    :param str url: of the server
    :param str login: the password is the same
    :param int company: id of the company that is ticked
    """

    def __init__(self, page, url, login, company):
        self.page, self._url, self._company = page, url, company
        page.context.clear_cookies()
        page.goto(f"{url}/web/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", login)
        page.click(".oe_login_form button[type=submit]")
        self.sees(".o_web_client .o_action_manager")
        self._cookies = page.context.cookies()

    def opens(self, model, record):
        """Open the form of a record."""
        self._goes_to(f"id={record}&model={model}&view_type=form")

    def begins(self, action):
        """Open the empty form of an action, told by its external id."""
        self._goes_to(f"action={action}&view_type=form")

    def _goes_to(self, place):
        # Away from the page first: another hash alone would not load it again.
        self.page.goto("about:blank")
        self.page.context.clear_cookies()
        self.page.context.add_cookies(self._cookies)
        self.page.goto(f"{self._url}/web#{place}&cids={self._company}")
        self.sees(".o_form_view .o_form_sheet")

    def sees(self, selector):
        """Wait until this is on the screen."""
        self.page.wait_for_selector(selector)

    def presses(self, name, inside=".o_form_view"):
        """Press the button of a method of Odoo that is shown."""
        self.clicks(f"{inside} button[name='{name}']")

    def clicks(self, selector):
        """Click on the first of these that is shown."""
        try:
            self.page.locator(f"{selector} >> visible=true").first.click()
        except TimeoutError as error:
            # A dialog that nobody expected lies over it: what it says is the cause.
            said = self.page.locator(".modal").all_inner_texts()
            raise AssertionError(f"{selector} cannot be clicked: {said}") from error

    def types(self, field, text, inside=".o_form_view"):
        """Write into a field."""
        self._box(field, inside).fill(text)

    def chooses(self, field, text, inside=".o_form_view", known_as=None):
        """Look a record up in a field, by its name or by what else it is known as."""
        box = self._box(field, inside)
        box.click()
        box.fill(known_as or text)
        self.page.locator(
            ".o-autocomplete--dropdown-item",
            has_text=re.compile(re.escape(text)),
            has_not_text="Create",
        ).first.click()

    def picks(self, field, label, inside=".o_form_view"):
        """Choose one of the values of a selection."""
        self.page.locator(f"{inside} [name='{field}'] select").select_option(
            label=label
        )

    def sees_state(self, value):
        """Wait until the form shows this state."""
        self.sees(
            f".o_statusbar_status button[data-value='{value}'].o_arrow_button_current"
        )

    def _box(self, field, inside):
        return self.page.locator(
            f"{inside} [name='{field}'] input, {inside} [name='{field}'] textarea"
        ).first
