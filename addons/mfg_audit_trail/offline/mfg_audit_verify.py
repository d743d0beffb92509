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

The file of the public key has one key a line, the newest first; one of them is enough. Keys
hand over in a checkpoint: its lines ``key`` and ``former-key`` name who signs from there on and
who signed up to there, and both sign it. ``handovers`` of an export are these notes.
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


def key_id(public):
    """What a public key is called: its name and number.

    :raises Damaged: it is no public key
    """
    parts = public.split("+", 2)
    if len(parts) != 3:
        raise Damaged("a public key has the form name+number+base64")
    return "+".join(parts[:2])


def signers(note):
    """What the keys are called that a note says it is signed with."""
    found = []
    for line in note.rpartition("\n\n")[2].splitlines():
        if line.startswith(SIGNATURE_MARK):
            name, _space, signature = line[len(SIGNATURE_MARK) :].partition(" ")
            found.append(f"{name}+{_unb64(signature)[:4].hex()}")
    return found


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


# Keys that follow each other


class HandOver:
    """What a checkpoint says of keys, not verified yet."""

    def __init__(self, note, lines):
        said = {}
        for line in lines[3:]:
            word, _space, value = line.partition(" ")
            said.setdefault(word, []).append(value)
        self.note = note
        self.size = checkpoint_of("\n".join(lines))[1]
        #: public keys: who signs from this size on, and who signed up to it
        self.key = said["key"][0]
        self.former = said["former-key"][0]
        self.names = key_id(self.former), key_id(self.key)
        #: names of keys that make receipts: the one that does, those that no longer do
        self.receipt_key = said.get("receipt-key", [None])[0]
        self.former_receipt_keys = said.get("former-receipt-key", [])
        #: transactions, cluster/xid, that were under way and may come later
        self.in_flight = frozenset(said.get("in-flight", ()))


def hand_over_of(note):
    """The :class:`HandOver` that a note is, None for any other.

    :raises Damaged: it is none, though it says so
    """
    lines = note.rpartition("\n\n")[0].split("\n") + [""]
    if not any(line.startswith("former-key ") for line in lines[3:]):
        return None
    try:
        return HandOver(note, lines)
    except (KeyError, ValueError) as error:
        raise Damaged("a note hands over to no key") from error


def standing(notes):
    """The notes of a witness that the log still has to agree with.

    Where a backup was restored and somebody answered for it, what lay behind is given up.
    """
    found = []
    for note in notes:
        if INSTEAD_OF in note:
            size = checkpoint_of(note)[1]
            found = [each for each in found if checkpoint_of(each)[1] <= size]
        found.append(note)
    return found


class Keys:
    """Which key signs which part of a log.

    The newest known key is believed, and what it hands over to or took over from. Whoever
    is known besides counts only if the log has never heard of that one, which is a finding.

    :param str known: public keys, one a line, the newest first
    :param notes: the notes among which are those that hand over
    :param opened: function that verifies a note with a key, as :func:`open_note` does
    """

    def __init__(self, known, notes, opened=open_note):
        self._opened = opened
        #: what is wrong, as text
        self.findings = []
        known = known.split()
        if not known:
            raise Damaged("there is no public key")
        given = {}
        for note in notes:
            try:
                hand_over = hand_over_of(note)
            except Damaged as error:
                self.findings.append(str(error))
                continue
            if hand_over:
                given[note] = hand_over
        given = sorted(given.values(), key=lambda each: each.size)
        self._anchor = self._believed(known, notes, given)
        #: the hand-overs that lead to the believed key and on from it
        self.chain = self._follow(given)
        for each in given:
            if each not in self.chain:
                self.findings.append(
                    f"after {each.size} transactions {' hands over to '.join(each.names)},"
                    " which the known keys do not confirm"
                )

    def _believed(self, known, notes, given):
        named = {name for each in given for name in each.names}
        for key in known:
            name = key_id(key)
            if name in named or any(name in _claimed(note) for note in notes):
                if key != known[0] and notes:
                    self.findings.append(
                        f"{name} signs, and hands over to {key_id(known[0])} nowhere, which"
                        " is said to be newer: either that was not done yet, or what"
                        " proves it was taken away"
                    )
                return key
        return known[0]

    def _follow(self, given):
        chain = []
        key = self._anchor
        for each in reversed(given):
            if each.key == key and self._is_signed(each, each.key):
                chain.insert(0, each)
                key = each.former
        key, place = self._anchor, chain[-1].size if chain else -1
        for each in given:
            if (
                each.size > place
                and each.former == key
                and self._is_signed(each, each.former)
                and self._is_signed(each, each.key)
            ):
                chain.append(each)
                key, place = each.key, each.size
        return chain

    def _is_signed(self, hand_over, key):
        try:
            self._opened(hand_over.note, key)
        except Damaged:
            return False
        return True

    def turn(self, size):
        """The keys that may sign a checkpoint of a size; two where one hands over."""
        found = [self.chain[0].former if self.chain else self._anchor]
        for each in self.chain:
            if each.size < size:
                found = [each.key]
            elif each.size == size and each.key not in found:
                found.append(each.key)
        return found

    def open(self, note):
        """Verify a note and return its text.

        :raises Damaged: it is not signed by the key whose turn it was
        """
        turn = {key_id(key): key for key in self.turn(checkpoint_of(note)[1])}
        claimed = signers(note)
        for name, key in turn.items():
            if name in claimed or not claimed:
                return self._opened(note, key)
        raise Damaged(
            f"the note is not signed by {' or '.join(turn)}, whose turn it was, but by"
            f" {', '.join(map(self._described, claimed))}"
        )

    def _described(self, name):
        turns = [each for each in self.chain if each.names[0] != each.names[1]]
        for each in turns:
            if each.names[0] == name:
                return f"{name}, which handed over after {each.size} transactions"
        for each in turns:
            if each.names[1] == name:
                return f"{name}, which signs from {each.size} transactions on"
        return (
            f"{name}, which is not known here: if it is a key of this log, verify with its"
            " public key"
        )


def _claimed(note):
    try:
        return signers(note)
    except Damaged:  # told when it is opened
        return []


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


def verify(path, public, witness=(), handovers=()):
    """Verify an export.

    :param str path: the file
    :param public: public keys of the log as text, one a line, the newest first; None checks
        the file against itself only
    :param witness: notes that a witness has kept
    :param handovers: notes by which the log handed over from key to key, beside the file's
    :return: (dict with the header and what was counted, list of findings as text)
    :raises Damaged: the file is no export, or ends too early
    """
    lines = read_lines(path)
    header = _json(next(lines, b""))
    if header.get("format") != FORMAT:
        raise Damaged(f"{path} is no export of an audit trail ({FORMAT})")
    findings = []
    tree = Tree(header["begin"], bytes.fromhex(header["frontier"]))
    handovers = [*header.get("handovers", ()), *handovers]
    claims = _claims(header, public, standing(witness), handovers, findings)
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


def _claims(header, public, witness, handovers, findings):
    """{size: [(root, by whom)]} of everything that was signed about this log."""
    claims = {}
    notes = [(header["checkpoint"], "checkpoint")]
    notes += [(note, "hand-over") for note in dict.fromkeys(handovers)]
    notes += [(note, "witness") for note in witness]
    keys = public and Keys(public, [note for note, _source in notes])
    if keys:
        findings += [f"keys: {text}" for text in keys.findings]
    for note, source in notes:
        if not keys:
            text = note.rpartition("\n\n")[0] + "\n"
        else:
            try:
                text = keys.open(note)
            except Damaged as error:
                findings.append(f"{source}: {error}")
                continue
        origin, size, root = checkpoint_of(text)
        if origin != header["origin"]:
            findings.append(f"{source}: about {origin}, not {header['origin']}")
            continue
        claims.setdefault(size, []).append((root, source))
        if source == "checkpoint" and size != header["end"]:
            findings.append(
                f"checkpoint: about {size} transactions, not {header['end']}"
            )
    return claims


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
    parser.add_argument(
        "--public-key",
        required=True,
        help="file with the public key, or several, one a line, the newest first",
    )
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
