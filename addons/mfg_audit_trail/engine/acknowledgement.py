"""Somebody answers for what verification would find for good: a restored backup, a gap."""

from odoo.tools import config

from . import baseline, note, sealer, signing, witness


class NothingToAcknowledge(Exception):
    """The log and its witness agree, and no trigger was switched off."""


def acknowledge(cr, reason):
    """Record that triggers were off, and go on from the log as it is.

    The witness keeps what it has seen. It learns that the log goes on from the last size that
    both agree on, signed by the key whose turn it was then, and why.

    :param str reason: for those who read the log later
    :return: (names of the tables whose triggers were off, how many transactions are lost)
    :raises NothingToAcknowledge: as its name says
    :raises note.NoteError: the key whose turn it was is not here
    :raises witness.WitnessError: something else than notes stands in the file
    :raises OSError: key or witness cannot be read or written
    """
    tables = baseline.acknowledge(cr, reason)
    lost = _go_on(cr, reason)
    if not tables and not lost:
        raise NothingToAcknowledge
    return tables, lost


def _go_on(cr, reason):
    """Give up what only the witness knows; return how many transactions that is."""
    path = config.get(sealer.WITNESS_OPTION)
    if not path or not signing.lines():
        return 0
    lost = witness.contradicting(cr, witness.standing(path))
    if not lost:
        return 0
    # A backup that was in use since is as long as what was lost, or longer.
    cr.execute(
        "SELECT origin, size, root FROM mfg_audit.log, mfg_audit.checkpoint "
        "WHERE size < %s ORDER BY size DESC LIMIT 1",
        [min(lost)],
    )
    origin, size, root = cr.fetchone() or (None, 0, b"")
    if not size:
        return 0
    seen = max(lost)
    baseline.record(
        cr,
        baseline.TRAIL,
        "security",
        baseline.GAP,
        {"transactions": str(seen)},
        {"transactions": str(size), "reason": reason},
    )
    goes_on = note.Checkpoint(origin, size, bytes(root), seen, " ".join(reason.split()))
    witness.append(path, note.sign(goes_on, signing.key(cr, size)))
    return seen - size
