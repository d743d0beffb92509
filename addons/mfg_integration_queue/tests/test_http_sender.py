import base64
import hashlib
import hmac
import http.server
import ipaddress
import json
import socket
import threading

from odoo.tests.common import BaseCase, tagged

from ..engine import envelope
from ..engine.http_sender import HttpSender, address_allowed
from ..engine.outcome import RetrySchedule, Verdict
from ..engine.settings import EndpointSettings, Secret
from .test_lanes import delivery

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
KEY = b"a secret of thirty-two bytes now"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append((self.path, self.headers, body))
        answer = self.server.answers.pop(0) if self.server.answers else (200, {}, b"")
        if answer is None:
            self.close_connection = True
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args):
        """Keep the log of the tests clean."""


class Receiver(http.server.ThreadingHTTPServer):
    """A real receiver on loopback: records requests, gives the answers it was told."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests = []
        self.answers = []
        self.connections = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Senders may hang up in the middle of an answer."""

    def get_request(self):
        self.connections += 1
        return super().get_request()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/events?plant=c"

    def stop(self):
        self.shutdown()
        self.server_close()


def settings(url, **values):
    return EndpointSettings(
        **{
            "id": 1,
            "plant": "mes-one",
            "url": url,
            "networks": LOOPBACK,
            "timeout_connect": 2,
            "timeout_read": 2,
            "concurrency": 1,
            "partitions": 1,
            "schedule": RetrySchedule((1,), 3),
            "secrets": (Secret(7, KEY),),
            "sources": {1: "/group/1"},
            **values,
        }
    )


@tagged("post_install", "-at_install")
class TestHttpSender(BaseCase):
    """What leaves the house, and how answers are understood; over real sockets."""

    def setUp(self):
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)

    def _sender(self, url=None, **values):
        sender = HttpSender(settings(url or self.receiver.url, **values))
        self.addCleanup(sender.close)
        return sender

    def _answered(self, status, headers=None, content=b""):
        self.receiver.answers.append((status, headers or {}, content))
        return self._sender().send(delivery(1))

    def test_message_is_a_signed_cloud_event(self):
        sent = delivery(3, lane="mrp.production,42")
        sent.payload = '{"quantity": 2.50, "unit": "m³"}'
        sent.subject = "WH/MO/1"
        outcome = self._sender().send(sent)
        self.assertEqual(outcome.verdict, Verdict.DELIVERED)
        self.assertEqual(outcome.secret_id, 7)
        path, headers, body = self.receiver.requests[0]
        self.assertEqual(path, "/events?plant=c")
        self.assertEqual(headers["content-type"], "application/cloudevents+json")
        self.assertEqual(
            json.loads(body),
            {
                "specversion": "1.0",
                "id": "uuid-3",
                "source": "/group/1",
                "type": "mfg.note.changed.v1",
                "subject": "WH/MO/1",
                "time": "2026-01-01T00:00:00Z",
                "datacontenttype": "application/json",
                "dataschema": "urn:mfg:note:changed:v1",
                "sequence": "00000000000000000003",
                "partitionkey": "mrp.production,42",
                "plant": "mes-one",
                "data": {"quantity": 2.5, "unit": "m³"},
            },
        )
        self.assertIn(b'"quantity": 2.50', body, "the bytes are those PostgreSQL keeps")
        signed = b".".join(
            (
                headers["webhook-id"].encode(),
                headers["webhook-timestamp"].encode(),
                body,
            )
        )
        expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest())
        self.assertEqual(headers["webhook-id"], "uuid-3")
        self.assertEqual(headers["webhook-signature"], f"v1,{expected.decode()}")

    def _send_batch(self, count, **values):
        batch = [delivery(id_, lane=str(id_)) for id_ in range(count)]
        return self._sender(batch_size=50, **values).send_batch(batch)

    def _batches(self):
        return [json.loads(body) for _path, _headers, body in self.receiver.requests]

    def test_batch_is_one_signed_request(self):
        outcomes = self._send_batch(3)
        self.assertEqual([each.verdict for each in outcomes], [Verdict.DELIVERED] * 3)
        ((_path, headers, body),) = self.receiver.requests
        self.assertEqual(headers["content-type"], "application/cloudevents-batch+json")
        self.assertEqual(
            [event["id"] for event in json.loads(body)],
            ["uuid-0", "uuid-1", "uuid-2"],
        )
        signed = b".".join(
            (
                headers["webhook-id"].encode(),
                headers["webhook-timestamp"].encode(),
                body,
            )
        )
        expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest())
        self.assertEqual(headers["webhook-signature"], f"v1,{expected.decode()}")

    def test_repeated_batch_bears_the_same_id(self):
        self._send_batch(3)
        self._send_batch(3)
        self._send_batch(2)
        ids = [
            headers["webhook-id"] for _path, headers, _body in self.receiver.requests
        ]
        self.assertEqual(ids[0], ids[1])
        self.assertNotEqual(ids[0], ids[2])

    def test_refused_batch_is_halved_until_the_culprit_is_alone(self):
        refused = (422, {}, b"no")
        # 4 together, then 2 (refused), 1, 1 (refused), 2
        self.receiver.answers = [refused, refused, (200, {}, b""), refused]
        outcomes = self._send_batch(4)
        self.assertEqual(
            [each.verdict for each in outcomes],
            [Verdict.DELIVERED, Verdict.DEAD, Verdict.DELIVERED, Verdict.DELIVERED],
        )
        self.assertEqual(len(self.receiver.requests), 5)

    def test_unreachable_batch_is_tried_again_as_a_whole(self):
        self.receiver.answers = [(503, {"Retry-After": "30"}, b"")]
        outcomes = self._send_batch(4)
        self.assertEqual(len(self.receiver.requests), 1)
        self.assertEqual({each.verdict for each in outcomes}, {Verdict.RETRY})
        self.assertEqual({each.retry_after for each in outcomes}, {30})

    def test_answer_tells_of_each_message(self):
        results = [
            {"id": "uuid-0", "status": 200},
            {"id": "uuid-1", "status": 422, "error": "unknown lot"},
            {"id": "uuid-2", "status": 503},
        ]
        content = json.dumps({"results": results}).encode()
        self.receiver.answers = [(200, {}, content)]
        outcomes = self._send_batch(4, answers_each=True)
        self.assertEqual(
            [(each.verdict, each.error_code) for each in outcomes],
            [
                (Verdict.DELIVERED, None),
                (Verdict.DEAD, "HTTP-422"),
                (Verdict.RETRY, "HTTP-503"),
                (Verdict.RETRY, "BATCH-001"),
            ],
        )
        self.assertEqual(outcomes[1].excerpt, "unknown lot")
        self.assertFalse(any(each.is_outage for each in outcomes))

    def test_answer_that_tells_nothing_is_no_delivery(self):
        for content in (b"", b"ok", b"[]", b'{"results": 7}', b'{"results": [{}]}'):
            with self.subTest(content):
                self.receiver.answers = [(200, {}, content)]
                outcomes = self._send_batch(2, answers_each=True)
                self.assertEqual({each.error_code for each in outcomes}, {"BATCH-001"})

    def test_large_batch_travels_in_parts(self):
        batch = [delivery(id_, lane=str(id_)) for id_ in range(4)]
        for each in batch:
            each.payload = json.dumps({"padding": "x" * 400_000})
        outcomes = self._sender(batch_size=50).send_batch(batch)
        self.assertEqual({each.verdict for each in outcomes}, {Verdict.DELIVERED})
        self.assertEqual([len(events) for events in self._batches()], [2, 2])

    def test_both_secrets_sign_during_a_rotation(self):
        secrets = (Secret(8, b"n" * 32), Secret(7, KEY))
        self._sender(secrets=secrets).send(delivery(1))
        signature = self.receiver.requests[0][1]["webhook-signature"]
        self.assertEqual(len(signature.split()), 2)

    def test_connection_is_kept(self):
        sender = self._sender()
        for id_ in range(1, 6):
            self.assertEqual(sender.send(delivery(id_)).verdict, Verdict.DELIVERED)
        self.assertEqual(self.receiver.connections, 1)

    def test_receiver_that_closed_an_idle_connection_costs_no_attempt(self):
        sender = self._sender()
        self.receiver.answers = [(200, {"Connection": "close"}, b""), (200, {}, b"")]
        self.assertEqual(sender.send(delivery(1)).verdict, Verdict.DELIVERED)
        self.assertEqual(sender.send(delivery(2)).verdict, Verdict.DELIVERED)
        self.assertEqual(self.receiver.connections, 2)

    def test_refusal_keeps_the_answer(self):
        outcome = self._answered(422, content='{"lot": "unknown \0 – ü"}'.encode())
        self.assertEqual(outcome.verdict, Verdict.DEAD)
        self.assertEqual(outcome.status, 422)
        self.assertEqual(outcome.error_code, "HTTP-422")
        self.assertEqual(outcome.excerpt, '{"lot": "unknown  – ü"}')

    def test_huge_answer_is_cut(self):
        outcome = self._answered(500, content=b"x" * 1024 * 1024)
        self.assertEqual(outcome.verdict, Verdict.RETRY)
        self.assertEqual(len(outcome.excerpt), 2000)

    def test_huge_answer_does_not_spoil_the_next_message(self):
        sender = self._sender()
        self.receiver.answers = [(200, {}, b"x" * 1024 * 1024)]
        self.assertEqual(sender.send(delivery(1)).verdict, Verdict.DELIVERED)
        self.assertEqual(sender.send(delivery(2)).verdict, Verdict.DELIVERED)

    def test_retry_after(self):
        self.assertEqual(self._answered(503, {"Retry-After": "90"}).retry_after, 90)
        date = self._answered(429, {"Retry-After": "Wed, 21 Oct 2037 07:28:00 GMT"})
        self.assertGreater(date.retry_after, 86400)
        self.assertIsNone(self._answered(503, {"Retry-After": "soon"}).retry_after)

    def test_iq_15_redirect_is_refused_and_not_followed(self):
        outcome = self._answered(302, {"Location": self.receiver.url})
        self.assertEqual(outcome.verdict, Verdict.DEAD)
        self.assertEqual(outcome.error_code, "HTTP-302")
        self.assertEqual(len(self.receiver.requests), 1)

    def test_iq_15_internal_address_is_refused(self):
        for url in (
            self.receiver.url,
            self.receiver.url.replace("127.0.0.1", "localhost"),
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
        ):
            with self.subTest(url=url):
                outcome = self._sender(url, networks=()).send(delivery(1))
                self.assertEqual(outcome.verdict, Verdict.DEAD)
                self.assertEqual(outcome.error_code, "ADDR-001")
        self.assertFalse(self.receiver.requests)

    def test_iq_15_public_and_allowed_addresses(self):
        self.assertTrue(address_allowed("8.8.8.8", ()))
        self.assertTrue(address_allowed("127.0.0.1", LOOPBACK))
        self.assertTrue(address_allowed("::ffff:127.0.0.1", LOOPBACK))
        for address in ("0.0.0.0", "100.64.0.1", "224.0.0.1", "fe80::1", "fc00::1"):
            self.assertFalse(address_allowed(address, ()), address)

    def test_nobody_listens(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        outcome = self._sender(url).send(delivery(1))
        self.assertEqual(
            (outcome.verdict, outcome.error_code), (Verdict.RETRY, "NET-001")
        )

    def test_name_that_does_not_resolve(self):
        outcome = self._sender("https://nowhere.invalid/").send(delivery(1))
        self.assertEqual(
            (outcome.verdict, outcome.error_code), (Verdict.RETRY, "NET-001")
        )

    def test_receiver_that_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            outcome = self._sender(url, timeout_read=0.2).send(delivery(1))
        self.assertEqual(
            (outcome.verdict, outcome.error_code), (Verdict.RETRY, "NET-002")
        )

    def test_receiver_that_hangs_up_on_a_new_connection(self):
        self.receiver.answers = [None]
        outcome = self._sender().send(delivery(1))
        self.assertEqual(
            (outcome.verdict, outcome.error_code), (Verdict.RETRY, "NET-001")
        )
        self.assertEqual(len(self.receiver.requests), 1)

    def test_receiver_without_tls(self):
        url = self.receiver.url.replace("http:", "https:")
        outcome = self._sender(url).send(delivery(1))
        self.assertEqual(outcome.verdict, Verdict.RETRY)
        self.assertIn(outcome.error_code, ("TLS-001", "NET-001"))

    def test_secret_needs_enough_random_bytes(self):
        self.assertEqual(envelope.decode_secret(envelope.encode_secret(KEY)), KEY)
        for text in ("whsec_", "whsec_c2hvcnQ=", "not base64 at all !", ""):
            with self.assertRaises(ValueError):
                envelope.decode_secret(text)
