"""Checkpoints kept where whoever can change the database cannot: a file elsewhere."""

import os

from ..offline import mfg_audit_verify

SEPARATOR = "\n---\n"


class WitnessError(Exception):
    """The witness saw something that the log does not confirm; the text says what."""


def read(path):
    """The notes in the file, oldest first; none when there is no file yet.

    :raises OSError: the file cannot be read
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return []
    return [each for each in text.split(SEPARATOR) if each.strip()]


def size_of(text):
    """Number of transactions a note is about."""
    return int(text.split("\n")[1])


def add(path, text):
    """Append a note unless it is there already, and wait until it is on disk.

    :raises WitnessError: the file knows a later state of the log than this one
    :raises OSError: the file cannot be written
    """
    notes = read(path)
    if notes:
        if notes[-1] == text:
            return
        if size_of(text) < size_of(notes[-1]):
            raise WitnessError(
                f"the log has {size_of(text)} transactions, the witness has seen "
                f"{size_of(notes[-1])}: it was cut, or restored from a backup"
            )
    append(path, text)


def append(path, text):
    """Append a note, and wait until it is on disk.

    :raises OSError: the file cannot be written
    """
    with open(path, "a", encoding="utf-8") as file:
        file.write(text + SEPARATOR)
        file.flush()
        os.fsync(file.fileno())


def standing(path):
    """The notes of the file that the log still has to agree with, oldest first.

    :raises mfg_audit_verify.Damaged: something else stands in the file
    :raises OSError: the file cannot be read
    """
    return mfg_audit_verify.standing(read(path))
