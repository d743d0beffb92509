"""Checkpoints kept where whoever can change the database cannot: a file elsewhere."""

import os

from ..offline import mfg_audit_verify

SEPARATOR = "\n---\n"


#: whether the log has had a checkpoint of a size and a root
_KNOWN = (
    "SELECT EXISTS (SELECT FROM mfg_audit.checkpoint WHERE size = %s AND root = %s)"
)


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


def add(cr, path, text):
    """Append a note unless it is there already, and wait until it is on disk.

    :param cr: cursor of the database whose log it is about
    :raises WitnessError: the file knows another log than this one, or a later state of it
    :raises OSError: the file cannot be written
    """
    notes = read(path)
    if notes:
        if notes[-1] == text:
            return
        # Not its length alone: a restored backup grows as long as the log that was lost.
        if contradicting(cr, notes[-1:]):
            raise WitnessError(
                f"the log has {size_of(text)} transactions, the witness has seen "
                f"{size_of(notes[-1])} that are not among them: it was cut, or restored"
                " from a backup"
            )
        if size_of(text) < size_of(notes[-1]):
            return  # somebody else sealed and told it meanwhile
    append(path, text)


def contradicting(cr, notes):
    """Sizes of those notes that are not about the log of this database.

    :raises WitnessError: one of them is no note of a log
    """
    found = []
    for text in notes:
        try:
            _origin, size, root = mfg_audit_verify.checkpoint_of(text)
        except mfg_audit_verify.Damaged as error:
            raise WitnessError(f"something else stands in the file: {error}") from error
        cr.execute(_KNOWN, [size, root])
        if not cr.fetchone()[0]:
            found.append(size)
    return found


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
