import base64
import time
import unittest

try:
    from standardwebhooks import Webhook, WebhookVerificationError
except ImportError:  # only the development environment has the reference
    Webhook = None

from odoo.tests.common import BaseCase, tagged

from ..engine import api_key, contract, inbound_request, strict_json
from ..engine import webhook_signature as signature
from ..engine.envelope import decode_secret
from .inbound_common import SIGNING_SECRET, sign

BODY = b'{"text": "Hello"}'


@tagged("post_install", "-at_install")
class TestStrictJson(BaseCase):
    """Only what every reader understands in the same way is read."""

    def test_iq_22_hostile_json(self):
        table = {
            "empty": (b"", "empty"),
            "no JSON": (b"text=hello", "not JSON"),
            "rest behind": (b'{"a": 1} {"b": 2}', "not JSON"),
            "array": (b"[1]", "JSON object"),
            "number": (b"1", "JSON object"),
            "null": (b"null", "JSON object"),
            "byte order mark": (b"\xef\xbb\xbf{}", "not JSON"),
            "UTF-16": ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
            "invalid UTF-8": (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
            "overlong UTF-8": (b'{"a": "\xc0\xaf"}', "not UTF-8"),
            "NUL byte": (b'{"a": "\x00"}', "not JSON"),
            "escaped NUL": (b'{"a": "x\\u0000"}', "NUL"),
            "NUL in a name": (b'{"a\\u0000": 1}', "NUL"),
            "half a surrogate": (b'{"a": "\\ud800"}', "surrogate"),
            "duplicate name": (b'{"a": 1, "a": 2}', "“a” occurs twice"),
            "nested duplicate": (b'{"x": {"a": 1, "a": 1}}', "“a” occurs twice"),
            "NaN": (b'{"a": NaN}', "NaN"),
            "Infinity": (b'{"a": -Infinity}', "Infinity"),
            "huge exponent": (b'{"a": 1e999}', "out of range"),
            "huge integer": (b'{"a": 9223372036854775808}', "out of range"),
            "endless integer": (b'{"a": ' + b"9" * 100_000 + b"}", "out of range"),
            "deep": (b'{"a":' * 40 + b"1" + b"}" * 40, "nested"),
            "very deep": (b'{"a":' + b"[" * 500_000, "nested"),
        }
        for name, (body, cause) in table.items():
            with self.subTest(name):
                with self.assertRaises(strict_json.Unreadable) as caught:
                    strict_json.loads(body)
                self.assertIn(cause, str(caught.exception))
                self.assertLess(len(str(caught.exception)), 300)

    def test_what_is_read(self):
        body = (
            '{"a": [1, -2.5, true, null], "ä": "\\\\u0000 \\ud83d\\ude00", '
            '"n": 9223372036854775807}'
        )
        self.assertEqual(
            strict_json.loads(body.encode()),
            {"a": [1, -2.5, True, None], "ä": "\\u0000 😀", "n": 2**63 - 1},
        )
        flat = b'{"a": [' + b"[]," * 1000 + b"[]]}"
        self.assertEqual(len(strict_json.loads(flat)["a"]), 1001)


@tagged("post_install", "-at_install")
class TestWebhookSignature(BaseCase):
    """Signatures are accepted as the reference implementation does, and nothing else is."""

    def _verify(self, headers, body=BODY, secrets=(SIGNING_SECRET,)):
        return signature.verify(
            headers, body, [decode_secret(secret) for secret in secrets]
        )

    def test_iq_18_good_signature(self):
        headers = sign(BODY, "msg_1")
        self.assertEqual(self._verify(headers), "msg_1")

    def test_iq_18_one_of_several_signatures_is_enough(self):
        headers = sign(BODY, "msg_1")
        for given in (
            "v1,AAAA v1a,AAAA {}",
            "{} v2,xyz",
            "garbage {}",
            "v1,not-base64! {}",
        ):
            with self.subTest(given):
                text = given.format(headers["webhook-signature"])
                self.assertTrue(self._verify({**headers, "webhook-signature": text}))

    def test_iq_18_rotation(self):
        former = "whsec_" + base64.b64encode(b"f" * 32).decode()
        headers = sign(BODY, "msg_1", former)
        self.assertTrue(self._verify(headers, secrets=(SIGNING_SECRET, former)))
        with self.assertRaises(signature.BadSignature):
            self._verify(headers)

    def test_iq_18_bad_signatures(self):
        good = sign(BODY, "msg_1")
        now = int(time.time())
        table = {
            "missing signature": {"webhook-signature": None},
            "missing timestamp": {"webhook-timestamp": None},
            "missing id": {"webhook-id": None},
            "empty": {"webhook-signature": ""},
            "other id": {"webhook-id": "msg_2"},
            "id not ASCII": {"webhook-id": "msg_ä"},
            "endless id": {"webhook-id": "m" * 10_000},
            "no version": {"webhook-signature": good["webhook-signature"][3:]},
            "unknown version": {
                "webhook-signature": "v9" + good["webhook-signature"][2:]
            },
            "no base64": {"webhook-signature": "v1,%%%"},
            "not ASCII": {"webhook-signature": "v1,ääää"},
            "cut": {"webhook-signature": good["webhook-signature"][:-4]},
            "not a number": {"webhook-timestamp": "soon"},
            "other digits": {"webhook-timestamp": "١٢٣"},
            "float": {"webhook-timestamp": "1e9"},
            "negative": {"webhook-timestamp": "-1"},
            "endless number": {"webhook-timestamp": "9" * 5000},
            "too old": sign(BODY, "msg_1", timestamp=now - 310),
            "too far ahead": sign(BODY, "msg_1", timestamp=now + 310),
            "other key": sign(
                BODY, "msg_1", "whsec_" + base64.b64encode(b"o" * 32).decode()
            ),
            "other body": sign(b"{}", "msg_1"),
        }
        for name, change in table.items():
            with self.subTest(name), self.assertRaises(signature.BadSignature):
                self._verify({**good, **change})

    @unittest.skipUnless(Webhook, "standardwebhooks is not installed")
    def test_iq_18_agrees_with_the_reference(self):
        good = sign(BODY, "msg_1")
        for change in (
            {},
            {"webhook-id": "x"},
            {"webhook-timestamp": "1"},
            {"webhook-signature": "v1,AAAA"},
        ):
            headers = {**good, **change}
            try:
                Webhook(SIGNING_SECRET).verify(BODY, headers)
                accepted = True
            except WebhookVerificationError:
                accepted = False
            with self.subTest(change):
                try:
                    self._verify(headers)
                    self.assertTrue(accepted)
                except signature.BadSignature:
                    self.assertFalse(accepted)


@tagged("post_install", "-at_install")
class TestRequest(BaseCase):
    """Where key, order and content of a message are found."""

    def _read(self, body=BODY, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return inbound_request.read({"content-type": "application/json", **names}, body)

    def _event(self, **changes):
        event = {
            "specversion": "1.0",
            "id": "7",
            "source": "/mes",
            "type": "note",
            "data": {"text": "Hello"},
            **changes,
        }
        return str(event).replace("'", '"').replace("None", "null").encode()

    def test_key_of_a_request(self):
        for headers, key in (
            ({"idempotency_key": "a-1"}, "a-1"),
            ({"idempotency_key": '"a-1"'}, "a-1"),
            ({"webhook_id": "msg_1"}, "msg_1"),
            ({"ce_source": "/mes", "ce_id": "7"}, "/mes|7"),
            ({"idempotency_key": "a-1", "webhook_id": "msg_1"}, "a-1"),
        ):
            with self.subTest(key):
                self.assertEqual(self._read(**headers).key, key)

    def test_signed_id_wins_over_headers_anybody_could_change(self):
        headers = {"content-type": "application/json", "idempotency-key": "new"}
        self.assertEqual(inbound_request.read(headers, BODY, "msg_1").key, "msg_1")

    def test_unusable_keys(self):
        for key in (None, "", "a b", "ä", "x" * 256, "a\x01"):
            with self.subTest(key), self.assertRaises(inbound_request.BadKey):
                self._read(idempotency_key=key)

    def test_cloud_event(self):
        incoming = self._read(
            self._event(partitionkey="WH-1"), content_type=inbound_request.CLOUD_EVENT
        )
        self.assertEqual(incoming.payload, {"text": "Hello"})
        self.assertEqual(incoming.key, "/mes|7")
        self.assertEqual(incoming.ordering_key, "WH-1")

    def test_incomplete_cloud_events(self):
        for change in (
            {"id": ""},
            {"id": 7},
            {"source": None},
            {"type": []},
            {"specversion": "0.3"},
            {"data": "text"},
            {"data": None},
            {"partitionkey": 7},
        ):
            with self.subTest(change), self.assertRaises(inbound_request.BadEvent):
                self._read(
                    self._event(**change), content_type=inbound_request.CLOUD_EVENT
                )

    def test_secrets_are_not_kept(self):
        kept = inbound_request.kept_headers(
            {
                "content-type": "application/json",
                "authorization": "Bearer secret",
                "x-api-key": "secret",
                "cookie": "session",
                "user-agent": "MES\x00 4",
            }
        )
        self.assertEqual(
            kept, {"content-type": "application/json", "user-agent": "MES 4"}
        )


@tagged("post_install", "-at_install")
class TestContractErrors(BaseCase):
    """A payload that does not fit is explained field by field."""

    SCHEMA = """{
        "type": "object",
        "required": ["qty"],
        "properties": {
            "qty": {"type": "number", "exclusiveMinimum": 0},
            "lines": {"type": "array", "items": {"type": "object", "properties": {
                "a/b": {"type": "string"}, "unit": {"default": "kg"}
            }}},
            "at": {"type": "string", "format": "date-time"}
        }
    }"""

    def test_every_error_has_its_place(self):
        errors = contract.errors(self.SCHEMA, {"lines": [{}, {"a/b": 1}]})
        self.assertEqual(
            [error["pointer"] for error in errors], ["#", "#/lines/1/a~1b"]
        )
        self.assertIn("'qty' is a required property", errors[0]["detail"])

    def test_valid_payload_stays_as_it_was_sent(self):
        payload = {"qty": 1, "lines": [{}]}
        self.assertFalse(contract.errors(self.SCHEMA, payload))
        self.assertEqual(payload, {"qty": 1, "lines": [{}]})

    def test_format_that_only_the_compiled_check_knows(self):
        (error,) = contract.errors(self.SCHEMA, {"qty": 1, "at": "yesterday"})
        self.assertEqual(error["pointer"], "#/at")

    def test_many_errors_and_long_values_are_cut(self):
        schema = '{"additionalProperties": {"type": "integer"}}'
        errors = contract.errors(schema, {str(n): "x" * 5000 for n in range(100)})
        self.assertEqual(len(errors), contract.MAX_ERRORS)
        self.assertLessEqual(max(len(each["detail"]) for each in errors), 200)

    def test_schema_may_not_fetch_anything(self):
        for target in ("http://127.0.0.1:1/x.json", "file:///etc/passwd"):
            with self.subTest(target), self.assertRaises(contract.Unusable):
                contract.errors(f'{{"$ref": "{target}"}}', {})


@tagged("post_install", "-at_install")
class TestApiKey(BaseCase):
    """A key is recognised by its hash alone."""

    def test_key_fits_its_own_hash_only(self):
        text, prefix, kept = api_key.generate()
        self.assertEqual(api_key.prefix_of(text), prefix)
        self.assertTrue(api_key.fits(text, kept))
        self.assertNotIn(text[22:], kept)
        self.assertFalse(api_key.fits(text + "x", kept))
        self.assertFalse(api_key.fits(text, None))
        self.assertFalse(api_key.fits("", None))

    def test_anything_else_has_no_prefix(self):
        for text in (None, "", "mfgk_", "mfgk_0_x", "ä" * 70, "x" * 100_000):
            self.assertIsNone(api_key.prefix_of(text))
