"""One line per step with its time, one changing line inside a long step."""

import sys
import time
from contextlib import contextmanager


class Progress:
    """Writes to stderr, so that stdout stays free for results."""

    LINE_EVERY = 2.0  # seconds between lines of detail when there is no terminal

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.terminal = self.stream.isatty()
        self._title = ""
        self._detail_at = 0.0

    def note(self, text):
        """Print a line of its own."""
        print(f"  {text}", file=self.stream, flush=True)

    @contextmanager
    def step(self, title):
        """Announce a step, then print its time when it is done."""
        started = time.monotonic()
        self._title, self._detail_at = title, started
        self._write(f"• {title} …", end="" if self.terminal else "\n")
        try:
            yield self
        except BaseException:
            if self.terminal:
                self._write("", end="\n")
            raise
        self._write(f"✓ {title}  {time.monotonic() - started:.1f} s", end="\n")

    def detail(self, text):
        """Show how far the current step is."""
        if self.terminal:
            self._write(f"• {self._title} … {text}", end="")
        elif time.monotonic() - self._detail_at >= self.LINE_EVERY:
            self._detail_at = time.monotonic()
            self._write(f"    {text}", end="\n")

    def _write(self, text, end):
        clear = "\r\x1b[2K" if self.terminal else ""
        encoding = self.stream.encoding or "ascii"
        text = text.encode(encoding, "replace").decode(encoding)
        self.stream.write(clear + text + end)
        self.stream.flush()
