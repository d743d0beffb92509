"""Somebody answers for what verification would find for good: a restored backup, a gap."""

from odoo.tools import config

from . import baseline, note, sealer, signing, witness


class NothingToAcknowledge(Exception):
    """The log and its witness agree, and no trigger was switched off."""


def acknowledge(cr, reason):
    """Record that triggers were off, and go on from the log as it is.

    The witness keeps what it has seen. It learns that the log goes on from a smaller size,
    signed by the log's key, and why.

    :param str reason: for those who read the log later
    :return: (names of the tables whose triggers were off, how many transactions are lost)
    :raises NothingToAcknowledge: as its name says
    :raises OSError: key or witness cannot be read or written
    """
    tables = baseline.acknowledge(cr, reason)
    lost = _log_behind_witness(cr, reason)
    if not tables and not lost:
        raise NothingToAcknowledge
    return tables, lost


def _log_behind_witness(cr, reason):
    path, key = config.get(sealer.WITNESS_OPTION), signing.key(cr)
    notes = witness.read(path) if path and key else []
    cr.execute(
        "SELECT origin, size, root FROM mfg_audit.log, mfg_audit.checkpoint "
        "ORDER BY size DESC LIMIT 1"
    )
    origin, size, root = cr.fetchone() or (None, 0, b"")
    if not notes or not size or witness.size_of(notes[-1]) <= size:
        return 0
    seen = witness.size_of(notes[-1])
    baseline.record(
        cr,
        baseline.TRAIL,
        "security",
        baseline.GAP,
        {"transactions": str(seen)},
        {"transactions": str(size), "reason": reason},
    )
    goes_on = note.Checkpoint(origin, size, bytes(root), seen, " ".join(reason.split()))
    witness.append(path, note.sign(goes_on, key))
    return seen - size
