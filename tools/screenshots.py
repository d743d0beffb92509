"""Take a picture of every main screen, for the documents and for looking at.

    python tools/screenshots.py --url http://127.0.0.1:8069 --out docs/img

The server runs already and has the demo group. A screen that does not come up, a
JavaScript error or an error dialog fails the run; the other pictures are taken all the
same.
"""

import argparse
import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright
from screens import SCREENS

VIEWPORT = {"width": 1440, "height": 900}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without a sandbox it runs as root as well, as in most containers.
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
TIMEOUT_MS = 30_000
COLOURS = 128
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
            save(page.screenshot(), self.out_dir / f"{screen.name}.png")
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


def save(picture, path):
    """Write a picture with as many colours as screens of Odoo have, a third of the size."""
    with Image.open(io.BytesIO(picture)) as image:
        reduced = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        reduced.save(path, optimize=True)


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
