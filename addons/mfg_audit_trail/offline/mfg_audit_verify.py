#!/usr/bin/env python3
"""Verifies exports of the audit trail. Needs this file, Python 3.8+ and nothing else.

    python3 mfg_audit_verify.py EXPORT.jsonl.gz --public-key audit.key.pub [--witness FILE]

Prints what is not as it was signed, by transaction and event. Exit code 0: everything is what
was signed; 1: something is not; 2: the arguments or files cannot be used.

An export is lines of JSON in gzip. The first describes it; then follow, in the order of the
log, either ``{"leaf": hash}`` for a transaction of which nothing is exported, or the header of
one, ``{"seal", "cluster", "xid", "n", "receipt", "leaf_hash", "absent"}``, and below it the exact
lines of its events, those in ``absent`` (position: hash) left out. The last line counts.

    event        SHA-256(0x00 || line)
    transaction  SHA-256(0x02 || hashes of its events)
    leaf         SHA-256(0x00 || "cluster|xid|n|transaction|receipt")
    log          tree of RFC 6962 over the leaves; its root is in a signed note (C2SP
                 tlog-checkpoint, Ed25519)
"""

# pylint: disable=print-used
import argparse
import base64
import gzip
import hashlib
import itertools
import json
import queue
import sys
import threading

FORMAT = "mfg-audit-export/1"
BLOCK = 1 << 20
BLOCKS_AHEAD = 8
#: extension line of a checkpoint: the log goes on from here, though it was longer
INSTEAD_OF = "\ninstead-of "
SIGNATURE_MARK = "\u2014 "


class Damaged(Exception):
    """The file or a signature is not what it has to be; the text says how."""


# Ed25519, RFC 8032: verification alone, so that no package is needed.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def _add(first, second):
    a = (first[1] - first[0]) * (second[1] - second[0]) % P
    b = (first[1] + first[0]) * (second[1] + second[0]) % P
    c = 2 * first[3] * second[3] * D % P
    d = 2 * first[2] * second[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _multiply(number, point):
    result = NEUTRAL
    while number:
        if number & 1:
            result = _add(result, point)
        point = _add(point, point)
        number >>= 1
    return result


def _same(first, second):
    return (
        first[0] * second[2] % P == second[0] * first[2] % P
        and first[1] * second[2] % P == second[1] * first[2] % P
    )


def _point(data):
    y = int.from_bytes(data, "little")
    odd, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        raise Damaged("a key or signature is no point of the curve")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and odd):
        raise Damaged("a key or signature is no point of the curve")
    if x & 1 != odd:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key, message, signature):
    """Whether an Ed25519 signature is that of the key over the message."""
    if len(key) != 32 or len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    try:
        point, commitment = _point(key), _point(signature[:32])
    except Damaged:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return _same(_multiply(scalar, BASE), _add(commitment, _multiply(challenge, point)))


# Signed notes


def open_note(note, public):
    """Verify a signed note and return its text.

    :raises Damaged: it is not signed by this key
    """
    parts = public.strip().split("+", 2)
    if len(parts) != 3:
        raise Damaged("a public key has the form name+number+base64")
    name, number, key = parts[0], parts[1], _unb64(parts[2])
    text, separator, signatures = note.rpartition("\n\n")
    if not separator:
        raise Damaged("the note has no signature")
    text += "\n"
    for line in signatures.splitlines():
        if not line.startswith(SIGNATURE_MARK + name + " "):
            continue
        raw = _unb64(line[len(SIGNATURE_MARK + name) + 1 :])
        if raw[:4].hex() == number:
            if not is_signed(key[1:], text.encode(), raw[4:]):
                raise Damaged(f"the signature of {name} is wrong")
            return text
    raise Damaged(f"the note is not signed by {name}+{number}")


def checkpoint_of(text):
    """(origin, size, root) of the text of a checkpoint."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[1].isdecimal():
        raise Damaged("the note is no checkpoint")
    return lines[0], int(lines[1]), _unb64(lines[2])


def _unb64(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Damaged("this is no base64") from error


# The tree


class Tree:
    """A tree of RFC 6962 that grows; the frontier are the roots of its complete subtrees."""

    def __init__(self, size=0, frontier=b""):
        if len(frontier) != 32 * bin(size).count("1"):
            raise Damaged(f"this is no frontier of {size} leaves")
        self.size = size
        self.frontier = [frontier[at : at + 32] for at in range(0, len(frontier), 32)]

    def append(self, leaf):
        """Add the hash of a leaf."""
        frontier, size = self.frontier, self.size
        frontier.append(leaf)
        while size & 1:
            right = frontier.pop()
            frontier[-1] = hashlib.sha256(b"\1" + frontier[-1] + right).digest()
            size >>= 1
        self.size += 1

    def root(self):
        """Root of the tree as it is now."""
        if not self.frontier:
            return hashlib.sha256(b"").digest()
        root = self.frontier[-1]
        for left in reversed(self.frontier[:-1]):
            root = hashlib.sha256(b"\1" + left + root).digest()
        return root


# Exports


def read_lines(path):
    """The lines of a gzip file, unpacked by a thread of its own while others are hashed.

    :raises Damaged: the file is no complete gzip file
    """
    blocks = queue.Queue(BLOCKS_AHEAD)
    stop = threading.Event()

    def unpack():
        try:
            with gzip.open(path) as file:
                while not stop.is_set():
                    block = file.read(BLOCK)
                    _put(blocks, block, stop)
                    if not block:
                        return
        except Exception as error:  # handed over: the other thread raises it
            _put(blocks, error, stop)

    thread = threading.Thread(target=unpack, daemon=True)
    thread.start()
    rest = b""
    try:
        while True:
            block = blocks.get()
            if isinstance(block, Exception):
                raise Damaged(f"{path} cannot be read to its end: {block}")
            if not block:
                break
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            yield from lines
    finally:
        stop.set()
        thread.join()
    if rest:
        raise Damaged(f"{path} ends in the middle of a line")


def _put(blocks, item, stop):
    while not stop.is_set():
        try:
            blocks.put(item, timeout=1)
            return
        except queue.Full:
            continue


def verify(path, public, witness=()):
    """Verify an export.

    :param str path: the file
    :param public: public key of the log as text; None checks the file against itself only
    :param witness: notes that a witness has kept
    :return: (dict with the header and what was counted, list of findings as text)
    :raises Damaged: the file is no export, or ends too early
    """
    lines = read_lines(path)
    header = _json(next(lines, b""))
    if header.get("format") != FORMAT:
        raise Damaged(f"{path} is no export of an audit trail ({FORMAT})")
    findings = []
    tree = Tree(header["begin"], bytes.fromhex(header["frontier"]))
    claims = _claims(header, public, witness, findings)
    events = transactions = 0
    trailer = None
    for line in lines:
        record = _json(line)
        if "leaf" in record:
            tree.append(bytes.fromhex(record["leaf"]))
        elif "seal" in record:
            leaf, count = _transaction(record, lines, findings)
            if record["seal"] != tree.size:
                findings.append(
                    f"transaction {record['cluster']}/{record['xid']} is at place"
                    f" {tree.size} of the log instead of {record['seal']}"
                )
            tree.append(leaf)
            events += count
            transactions += 1
        else:
            trailer = record
            break
        if tree.size in claims:
            _compare(tree, claims[tree.size], findings)
    if trailer is None or next(lines, None) is not None:
        raise Damaged(f"{path} does not end where an export ends")
    counted = {"events": events, "transactions": transactions, "end": tree.size}
    for name, value in counted.items():
        if trailer.get(name) != value:
            findings.append(f"{name}: {trailer.get(name)} expected, {value} found")
    return {**header, **counted}, findings


def _claims(header, public, witness, findings):
    """{size: [(root, by whom)]} of everything that was signed about this log."""
    claims = {}
    notes = [(header["checkpoint"], "checkpoint")]
    notes += [(note, "witness") for note in witness]
    for note, source in notes:
        if public is None:
            text = note.rpartition("\n\n")[0] + "\n"
        else:
            try:
                text = open_note(note, public)
            except Damaged as error:
                findings.append(f"{source}: {error}")
                continue
        origin, size, root = checkpoint_of(text)
        if origin != header["origin"]:
            findings.append(f"{source}: about {origin}, not {header['origin']}")
            continue
        if source == "witness" and INSTEAD_OF in text:
            # A backup was restored, and somebody answered for it.
            _forget_longer(claims, size)
        claims.setdefault(size, []).append((root, source))
        if source == "checkpoint" and size != header["end"]:
            findings.append(
                f"checkpoint: about {size} transactions, not {header['end']}"
            )
    return claims


def _forget_longer(claims, size):
    """Drop what a witness saw of the log beyond a size from which it went on otherwise."""
    for longer in [each for each in claims if each > size]:
        claims[longer] = [each for each in claims[longer] if each[1] != "witness"]


def _compare(tree, claims, findings):
    root = tree.root()
    for signed, source in claims:
        if signed != root:
            findings.append(
                f"{source}: the first {tree.size} transactions are not what was signed"
            )


def _transaction(record, lines, findings):
    """Check the events of a transaction against its seal; return (sealed leaf, events)."""
    sha256 = hashlib.sha256
    absent = record.get("absent") or {}
    count = record["n"] - len(absent)
    here = [
        sha256(b"\0" + line).digest() for line in itertools.islice(lines, max(count, 0))
    ]
    if len(here) != count:
        raise Damaged("the file ends in the middle of a transaction")
    if absent:
        present = iter(here)
        hashes = [
            bytes.fromhex(absent[str(position)])
            if str(position) in absent
            else next(present, b"")
            for position in range(1, record["n"] + 1)
        ]
    else:
        hashes = here
    place = (record["cluster"], record["xid"], record["n"])
    root = sha256(b"\2" + b"".join(hashes)).hexdigest()
    text = "{}|{}|{}|{}|{}".format(*place, root, record["receipt"])
    sealed = bytes.fromhex(record["leaf_hash"])
    if sha256(b"\0" + text.encode()).digest() != sealed:
        findings.append(
            "transaction {}/{}: what it recorded is not what was sealed".format(*place)
        )
    return sealed, count


def _json(line):
    try:
        record = json.loads(line)
    except ValueError as error:
        raise Damaged(f"this is no line of an export: {line[:60]!r}") from error
    if not isinstance(record, dict):
        raise Damaged(f"this is no line of an export: {line[:60]!r}")
    return record


def main(arguments=None):
    """Verify the files on the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("exports", nargs="+", metavar="EXPORT")
    parser.add_argument("--public-key", required=True, help="file with the public key")
    parser.add_argument("--witness", help="file of the witness")
    options = parser.parse_args(arguments)
    try:
        with open(options.public_key, encoding="ascii") as file:
            public = file.read()
        notes = []
        if options.witness:
            with open(options.witness, encoding="utf-8") as file:
                notes = [n for n in file.read().split("\n---\n") if n.strip()]
    except (OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 2
    bad = 0
    for path in options.exports:
        try:
            counted, findings = verify(path, public, notes)
        except (Damaged, OSError, KeyError, TypeError, ValueError) as error:
            print(f"{path}: damaged: {error}")
            bad += 1
            continue
        for finding in findings:
            print(f"{path}: {finding}")
        print(
            f"{path}: {counted['events']} events in {counted['transactions']}"
            f" transactions, {len(findings) or 'no'} findings"
        )
        bad += len(findings)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
