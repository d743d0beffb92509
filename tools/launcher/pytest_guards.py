"""What fails a test run besides a failing test: Odoo's log, and browser tests left out."""

import logging
import os
import re

BROWSER = re.compile(r"chrome|chromium|websocket|browser", re.I)
RECORDS = "mfg_log_records"
FORMAT = logging.Formatter("%(levelname)s %(name)s: %(message)s")


def register(config):
    """Add both guards to a pytest run; only the controlling process judges."""
    records = LogRecords()
    logging.getLogger().addHandler(records)
    config.pluginmanager.register(records, "mfg-log-records")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Judge(config, records), "mfg-judge")


def browser_required():
    """Whether a browser test may not be skipped: in CI, or when asked for."""
    return (
        os.environ.get("MFG_REQUIRE_BROWSER") == "1" or os.environ.get("CI") == "true"
    )


class LogRecords(logging.Handler):
    """Collects records of WARNING and above that no test expected.

    A test that expects one uses assertLogs or mute_logger as everywhere in Odoo; both keep
    the record away from the root logger.
    """

    def __init__(self):
        super().__init__(logging.WARNING)
        self.setFormatter(FORMAT)
        self.lines = []

    def emit(self, record):
        """Keep the record with the test during which it came."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "outside a test").split(" (")[0]
        self.lines.append(f"{test}\n    {self.format(record)}")

    def pytest_sessionfinish(self, session):
        """Send the records of a pytest-xdist worker to the controlling process."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[RECORDS] = self.lines


class Judge:
    """Fails the run and says why."""

    def __init__(self, config, records):
        self.records = records
        self.without_browser = []
        database = config.pluginmanager.get_plugin("mfg-test-database")
        self.template_lines = database.complaints if database else []

    def pytest_runtest_logreport(self, report):
        """Note the tests that were skipped for want of a browser."""
        if report.skipped and BROWSER.search(str(report.longrepr)):
            self.without_browser.append(report.nodeid)

    def pytest_testnodedown(self, node):
        """Take over the records of a pytest-xdist worker."""
        self.records.lines += getattr(node, "workeroutput", {}).get(RECORDS, [])

    def pytest_sessionfinish(self, session, exitstatus):
        """Turn a passed run into a failed one."""
        logged = self.records.lines or self.template_lines
        if exitstatus == 0 and (
            logged or (self.without_browser and browser_required())
        ):
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        """Show the lines that failed the run."""
        show = terminalreporter
        sections = (
            (
                "Odoo's log while the templates were made (fails the run)",
                self.template_lines,
            ),
            ("Odoo's log during the tests (fails the run)", self.records.lines),
        )
        for title, lines in sections:
            if lines:
                show.section(title, red=True)
                for line in lines:
                    show.write_line(line)
        if self.without_browser:
            verdict = (
                "fails the run"
                if browser_required()
                else "install chromium to run them"
            )
            show.section(
                f"{len(self.without_browser)} browser tests skipped ({verdict})",
                yellow=True,
            )
            for nodeid in self.without_browser:
                show.write_line(nodeid)
