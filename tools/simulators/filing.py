"""What simulators share that exchange files: manners, complete files, reading back.

Each file is announced by a control file with its checksum, as in docs/operations.md. The
system's folder is shared with Odoo; ours to read is ``out``, ours to write what a command
says.

    POST /connect  {"folder": "…"}: the folder of the system
    POST /manners  how to misbehave, see :class:`FileManners`
    POST /pick_up  {"path"}: read what Odoo left there; complete files go to its archive
    GET  /status   also which files were written and which still wait
"""

import json
import threading
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from receiver import Receiver

SUFFIX = ".ctl"


@dataclass(frozen=True)
class FileManners:
    """How files are written; the body of ``POST /manners``.

    ``twice``: the same content again under a second name. ``swapped``: the control file
    before its file. ``half``: half of the file and no control file, as by a writer that
    died. ``checksum``: the control file tells another one. ``malformed``: a line in the
    middle is none. ``slow``: so many seconds between the two halves of a file. ``late``:
    so many seconds before it. ``offline``: nothing is written until this is over;
    everything is kept in order.
    """

    twice: bool = False
    swapped: bool = False
    half: bool = False
    checksum: bool = False
    malformed: bool = False
    slow: float = 0.0
    late: float = 0.0
    offline: bool = False


class Filer(Receiver):
    """A system whose only way to talk are files."""

    def __init__(self, state_dir, secret):
        super().__init__(state_dir, secret)
        self.manners = FileManners()
        self.folder = None
        self.written = []
        self._waiting = []
        self._changed = threading.Condition()
        self.commands |= {
            "/connect": self.connect,
            "/manners": self.behave,
            "/pick_up": self.pick_up,
        }
        threading.Thread(target=self._run, daemon=True).start()

    def connect(self, command):
        """Exchange files below this folder from now on."""
        with self._changed:
            self.folder = Path(command["folder"])
            self._changed.notify()
        return {"connected": command["folder"]}

    def behave(self, command):
        """Take on other manners."""
        with self._changed:
            self.manners = FileManners(**command)
            self._changed.notify()
        return command

    def pick_up(self, command):
        """Read the complete files of a folder and archive them.

        :return: {"files": [{"name", "content"}], "refused": [name, …]}
        """
        place = self.folder / command["path"]
        archive = place / "archive"
        files, refused = [], []
        for control in sorted(place.glob(f"*{SUFFIX}")):
            path = control.with_name(control.name.removesuffix(SUFFIX))
            data = path.read_bytes() if path.exists() else b""
            if checksum(data) not in control.read_text(encoding="utf-8"):
                refused.append(path.name)
                continue
            files.append({"name": path.name, "content": data.decode()})
            archive.mkdir(exist_ok=True)
            for each in (path, control):
                each.rename(archive / each.name)
        return {"files": files, "refused": refused}

    def leave(self, path, name, data):
        """Put a file down to be written, with the present manners.

        :param str path: below the folder of the system
        :param bytes data: content
        """
        with self._changed:
            manners = self.manners
            if manners.malformed:
                data = spoiled(data)
            names = [name, f"again-{name}"] if manners.twice else [name]
            self._waiting += [(path, each, data, manners) for each in names]
            self._changed.notify()
        return {"left": names}

    def status(self):
        """Return counters of this process as a JSON-ready dict."""
        with self._changed:
            waiting = [name for _path, name, _data, _manners in self._waiting]
            written = list(self.written)
        return {**super().status(), "waiting": waiting, "written": written}

    def _run(self):
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._waiting and self.folder and not self.manners.offline
                )
                path, name, data, manners = self._waiting[0]
                place = self.folder / path
            time.sleep(manners.late)
            self._write(place, name, data, manners)
            with self._changed:
                self._waiting.pop(0)
                self.written.append(name)

    def _write(self, place, name, data, manners):
        place.mkdir(parents=True, exist_ok=True)
        told = checksum(data[::-1] if manners.checksum else data)
        control = f"{told}  {name}\n"
        if manners.swapped:
            (place / f"{name}{SUFFIX}").write_text(control, encoding="utf-8")
        middle = len(data) // 2
        with (place / name).open("wb") as stream:
            stream.write(data[:middle])
            stream.flush()
            if manners.half:
                return
            time.sleep(manners.slow)
            stream.write(data[middle:])
        if not manners.swapped:
            (place / f"{name}{SUFFIX}").write_text(control, encoding="utf-8")


def checksum(data):
    """Return the SHA-256 of some bytes, as ``sha256sum`` writes it."""
    return sha256(data).hexdigest()


def spoiled(data):
    """Return the file with a line in the middle that is none."""
    lines = data.splitlines(keepends=True)
    lines[len(lines) // 2] = b"?;\xff;not a line\n"
    return b"".join(lines)


def message(payload):
    """Return a message as the content of a file."""
    return json.dumps(payload).encode()
