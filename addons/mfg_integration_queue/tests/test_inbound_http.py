import contextlib
import http.client
import json
from datetime import timedelta

from odoo import fields
from odoo.tests.common import tagged

from ..engine.quota import SHARES, Quotas
from .inbound_common import SIGNING_SECRET, InboundHttpCase, sign

MEGABYTE = 1024 * 1024


@tagged("post_install", "-at_install")
class TestInboundHttp(InboundHttpCase):
    """What a sender gets for an answer."""

    def test_message_is_accepted_then_processed(self):
        answer = self._post({"text": "Stop at 18:00"}, key="n-1")
        self.assertEqual(answer.status_code, 202)
        self.assertEqual(answer.json()["status"], "received")
        self.assertNotIn("Set-Cookie", answer.headers)
        location = answer.headers["Location"]
        self.assertEqual(self._get(location).json()["status"], "received")
        self.assertFalse(self._notes())
        self._process_due()
        status = self._get(location).json()
        self.assertEqual(status["status"], "processed")
        self.assertEqual(status["result"], {"note": self._notes().id})
        self.assertTrue(status["finishedAt"].endswith("Z"))
        self.assertIn("Stop at 18:00", self._notes().body)

    def test_synchronous_message_is_answered_with_its_result(self):
        answer = self._post({"hello": "world"}, "system.ping")
        self.assertEqual(answer.status_code, 200)
        result = answer.json()["result"]
        self.assertEqual(result["echo"], {"hello": "world"})
        self.assertEqual(result["system"], "mes-one")
        self.assertEqual(result["company"], "Plant One")
        self.assertEqual(self._messages().state, "processed")

    def test_iq_20_repeated_message_gets_the_stored_answer(self):
        for interface in ("system.note", "system.ping"):
            with self.subTest(interface):
                first = self._post({"text": "A"}, interface, key="same")
                again = self._post({"text": "A"}, interface, key="same")
                self.assertEqual(again.status_code, first.status_code)
                self.assertEqual(again.json(), first.json())
                self.assertEqual(again.headers["Idempotency-Replayed"], "true")
                self.assertNotIn("Idempotency-Replayed", first.headers)
                self.assertProblem(
                    self._post({"text": "B"}, interface, key="same"), 422, "IN-422-KEY"
                )
        self.assertEqual(len(self._messages()), 2)

    def test_key_may_be_used_again_when_it_has_expired(self):
        self._post({"text": "A"}, key="old")
        self.env.cr.execute(
            "UPDATE mfg_integration_inbox_key SET expires_at = '2001-01-01'"
        )
        self.assertEqual(self._post({"text": "B"}, key="old").status_code, 202)
        self.assertEqual(len(self._messages()), 2)

    def test_known_key_is_answered_whatever_the_contract_says_by_now(self):
        first = self._post({"text": "A"}, key="early")
        self.note.current_version_id.sudo().write({"state": "retired"})
        stricter = {"schema": '{"required": ["author"]}', "example": '{"author": "B"}'}
        self.env["mfg.integration.interface.version"].sudo().create(
            {
                "interface_id": self.note.id,
                "major": 9,
                "state": "approved",
                **stricter,
            }
        )
        self.assertProblem(self._post({"text": "A"}, key="late"), 422, "IN-422")
        again = self._post({"text": "A"}, key="early")
        self.assertEqual(again.json(), first.json())
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")

    def test_key_is_required(self):
        answer = self._post({"text": "A"}, headers={"Idempotency-Key": None})
        problem = self.assertProblem(answer, 400, "IN-400-KEY")
        self.assertIn("Idempotency-Key", problem["detail"])

    def test_cloud_event(self):
        event = {
            "specversion": "1.0",
            "id": "7",
            "source": "/mes",
            "type": "com.mes.note",
            "data": {"text": "Hello"},
        }
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "Idempotency-Key": None,
        }
        self.assertEqual(self._post(event, headers=headers).status_code, 202)
        again = self._post(event, headers=headers)
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertEqual(self._process_due().state, "processed")

    def test_message_outside_the_contract(self):
        answer = self._post({"text": 1, "extra": True})
        problem = self.assertProblem(answer, 422, "IN-422")
        pointers = {error["pointer"] for error in problem["errors"]}
        self.assertEqual(pointers, {"#", "#/text"})
        message = self._messages().with_user(self.viewer)
        self.assertEqual(message.state, "rejected")
        self.assertEqual(message.error_id.code, "IN-422")
        self.assertIn("#/text", message.error)
        self.assertFalse(self._process_due().filtered(lambda m: m.state != "rejected"))

    def test_rejected_message_may_be_corrected_under_the_same_key(self):
        self.assertProblem(self._post({"text": ""}, key="k"), 422, "IN-422")
        self.assertEqual(self._post({"text": "A"}, key="k").status_code, 202)

    def test_synchronous_business_refusal_leaves_the_key_free(self):
        self.note.processing_mode = "sync"
        problem = self.assertProblem(
            self._post({"text": " "}, key="k"), 422, "IN-422-DATA"
        )
        self.assertIn("empty", problem["detail"])
        self.assertFalse(self._notes())
        self.assertEqual(self._post({"text": "A"}, key="k").status_code, 200)
        self.assertEqual(len(self._notes()), 1)
        self.assertEqual(self._messages().mapped("state"), ["rejected", "processed"])

    def test_defect_of_a_handler_is_not_the_senders_business(self):
        self.note.processing_mode = "sync"
        self.note.version_ids.sudo().write({"state": "retired"})
        self.note.version_ids.sudo().create(
            {"interface_id": self.note.id, "major": 2, "state": "approved"}
        )
        answer = self._post({}, key="k")
        self.assertProblem(answer, 503, "IN-500")
        self.assertTrue(answer.headers["Retry-After"])
        self.assertNotIn("KeyError", answer.text)
        self.assertIn("KeyError", self._messages().error)

    def test_api_key_header(self):
        headers = {"Authorization": None, "X-Api-Key": self.api_key}
        self.assertEqual(self._post({"text": "A"}, headers=headers).status_code, 202)

    def test_status_of_others_is_unknown(self):
        location = self._post({"text": "A"}).headers["Location"]
        other = self.env["mfg.integration.system"].create(
            {
                "name": "WMS",
                "code": "wms",
                "company_id": self.company.id,
                "user_id": self.service_user.id,
            }
        )
        _credential, key = self._credential(system_id=other.id)
        self.assertProblem(self._get(location, key), 404, "IN-404-MESSAGE")
        for uuid in ("0" * 32, "1", "x" * 300):
            path = f"/mfg_integration/v1/in/system.note/status/{uuid}"
            self.assertProblem(self._get(path), 404, "IN-404-MESSAGE")

    def test_method(self):
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            with self.subTest(method):
                answer = self._post(b"", method=method)
                self.assertProblem(answer, 405, "IN-405")
                self.assertEqual(answer.headers["Allow"], "POST")

    # who may send

    def test_strangers_learn_nothing(self):
        answers = set()
        for key in (
            "",
            "x",
            "ä".encode("latin-1").decode("latin-1"),
            "mfgk_" + "0" * 16 + "_" + "A" * 43,
            self.api_key[:-1] + ("A" if self.api_key[-1] != "A" else "B"),
            "x" * 5000,
        ):
            for interface in ("system.note", "no.such", "note.changed"):
                answer = self._post(
                    {"text": "A"},
                    interface,
                    headers={"Authorization": f"Bearer {key}".encode()},
                )
                self.assertProblem(answer, 401, "IN-401")
                answers.add((answer.text, answer.headers["WWW-Authenticate"]))
        self.assertEqual(len(answers), 1)
        self.assertFalse(self._messages())

    def test_expired_key(self):
        self.credential.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        self.assertProblem(self._post({"text": "A"}), 401, "IN-401-EXPIRED")
        self.env.invalidate_all()
        self.assertEqual(self.credential.state, "expired")
        self.assertEqual(self.credential.refused_id.code, "IN-401-EXPIRED")

    def test_revoked_key(self):
        self.assertEqual(self._post({"text": "A"}).status_code, 202)
        self.credential.with_user(self.integrator).action_revoke()
        self.assertProblem(self._post({"text": "A"}), 401, "IN-401-REVOKED")

    def test_iq_18_replaced_key_is_accepted_in_the_overlap_only(self):
        action = self.credential.with_user(self.integrator).action_rotate()
        new_key = action["context"]["default_secret"]
        self.assertEqual(self._post({"text": "A"}).status_code, 202)
        bearer = {"Authorization": f"Bearer {new_key}"}
        self.assertEqual(self._post({"text": "A"}, headers=bearer).status_code, 202)
        self.credential.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        self.assertProblem(self._post({"text": "A"}), 401, "IN-401-EXPIRED")
        self.assertEqual(self._post({"text": "A"}, headers=bearer).status_code, 202)

    def test_foreign_network(self):
        self.credential.allowed_networks = "10.20.0.0/16\n2001:db8::/32"
        self.assertProblem(self._post({"text": "A"}), 403, "IN-403-NETWORK")
        self.env.invalidate_all()
        self.assertEqual(self.credential.refused_addr, "127.0.0.1")
        self.credential.allowed_networks = "127.0.0.0/8"
        self.assertEqual(self._post({"text": "A"}).status_code, 202)

    def test_scope(self):
        self.credential.interface_ids = self.ping
        self.assertProblem(self._post({"text": "A"}), 403, "IN-403-SCOPE")
        self.assertEqual(self._post({}, "system.ping").status_code, 200)

    def test_interfaces_that_take_nothing(self):
        self.assertProblem(self._post({}, "no.such"), 404, "IN-404")
        self.assertProblem(self._post({}, "note.changed"), 404, "IN-404")
        self.note.company_id = self.other_company
        self.assertProblem(self._post({"text": "A"}), 404, "IN-404")
        self.note.company_id = False
        self.note.version_ids.sudo().write({"state": "retired"})
        self.assertProblem(self._post({"text": "A"}), 410, "IN-410")
        self.note.version_ids.sudo().write({"state": "draft"})
        self.assertProblem(self._post({"text": "A"}), 404, "IN-404")
        self.note.version_ids.sudo().write({"state": "deprecated"})
        self.assertEqual(self._post({"text": "A"}).status_code, 202)
        self.note.active = False
        self.assertProblem(self._post({"text": "A"}), 404, "IN-404")

    def test_system_without_service_user_or_handler_is_not_ready(self):
        self.system.user_id = False
        answer = self._post({"text": "A"})
        self.assertProblem(answer, 503, "IN-503")
        self.assertTrue(answer.headers["Retry-After"])
        self.system.user_id = self.service_user
        unhandled = self._interface("made.up", "Made up", direction="inbound")
        self.credential.interface_ids += unhandled
        self.assertProblem(self._post({}, "made.up"), 503, "IN-503")

    def test_quota(self):
        self.credential.quota_per_minute = SHARES
        codes = [self._post({"text": "A"}).status_code for _number in range(SHARES + 2)]
        # the minute may have turned in between
        self.assertIn(codes.count(202), range(SHARES, SHARES + 3))
        if codes[-1] == 429:
            answer = self._post({"text": "A"})
            self.assertProblem(answer, 429, "IN-429")
            self.assertLessEqual(int(answer.headers["Retry-After"]), 60)
        self.env.invalidate_all()
        self.assertTrue(self.credential.last_used_at)
        self.assertEqual(self.credential.last_used_addr, "127.0.0.1")

    def test_every_process_gets_a_share(self):
        processes = 3 * SHARES
        for quota in (0, 20 * processes):
            with self.subTest(quota):
                self._used(minutes_ago=1)
                refused = [
                    pause
                    for _process in range(processes)
                    if (
                        pause := Quotas().take(
                            self.registry, self.credential.id, quota, "127.0.0.1"
                        )
                    )
                ]
                self.assertFalse(refused, "many processes, one message each")

    def _used(self, minutes_ago):
        self.env.cr.execute(
            """
            INSERT INTO mfg_integration_credential_state
                   (credential_id, window_used, window_at)
            SELECT %s, 7, date_trunc('minute', timezone('UTC', clock_timestamp()))
                          - %s * interval '1 minute'
                ON CONFLICT (credential_id) DO UPDATE
               SET window_used = excluded.window_used, window_at = excluded.window_at
            """,
            [self.credential.id, minutes_ago],
        )
        self.env.invalidate_all()
        return self.credential.with_user(self.integrator).quota_used

    def test_quota_used_is_that_of_this_minute(self):
        self.assertEqual(self._used(minutes_ago=1), 0)
        # the minute may turn in between, but not twice
        self.assertIn(7, [self._used(minutes_ago=0) for _try in range(2)])

    # what may be sent

    def test_iq_22_hostile_bodies(self):
        table = {
            "0 byte": (b"", 400, "IN-400-JSON"),
            "20 kB": (json.dumps({"text": "x" * 20_000}).encode(), 422, "IN-422"),
            "2 MB": (b'{"text": "' + b"x" * 2 * MEGABYTE + b'"}', 413, "IN-413"),
            "deep": (b'{"a":' + b"[" * 500_000, 400, "IN-400-JSON"),
            "invalid UTF-8": (b'{"text": "\xff"}', 400, "IN-400-JSON"),
            "NUL": (b'{"text": "a\x00"}', 400, "IN-400-JSON"),
            "escaped NUL": (b'{"text": "a\\u0000"}', 400, "IN-400-JSON"),
            "surrogate": (b'{"text": "\\udc00"}', 400, "IN-400-JSON"),
            "duplicate": (b'{"text": "a", "text": "b"}', 400, "IN-400-JSON"),
            "NaN": (b'{"text": NaN}', 400, "IN-400-JSON"),
            "huge number": (b'{"text": 1e9999}', 400, "IN-400-JSON"),
            "array": (b"[]", 400, "IN-400-JSON"),
        }
        for name, (body, status, code) in table.items():
            with self.subTest(name):
                self.assertProblem(self._post(body), status, code)
        self.assertFalse(self._messages().filtered(lambda m: m.state != "rejected"))
        self.assertFalse(self._notes())

    def test_iq_22_rejected_bytes_are_kept_as_they_came(self):
        self._post(b'{"text": "\xff\x00"}')
        message = self._messages().with_user(self.viewer)
        self.assertEqual(message.body, '{"text": "\ufffd\ufffd"}')
        self.env.cr.execute(
            "SELECT body FROM mfg_integration_inbox WHERE id = %s", [message.id]
        )
        self.assertEqual(bytes(self.env.cr.fetchone()[0]), b'{"text": "\xff\x00"}')

    def test_iq_22_content_types(self):
        for content_type in (
            None,
            "",
            "text/plain",
            "text/json",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "application/json, text/plain",
            ";;;",
        ):
            with self.subTest(content_type):
                answer = self._post(
                    b'{"text": "A"}', headers={"Content-Type": content_type}
                )
                self.assertProblem(answer, 415, "IN-415")
        answer = self._post({"text": "A"}, headers={"Content-Encoding": "gzip"})
        self.assertProblem(answer, 415, "IN-415")
        answer = self._post(
            {"text": "A"}, headers={"Content-Type": 'application/json; charset="UTF-8"'}
        )
        self.assertEqual(answer.status_code, 202)

    def test_iq_22_large_form_is_refused_unread(self):
        form = b"a=" + b"x" * 3 * MEGABYTE
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertProblem(self._post(form, headers=headers), 415, "IN-415")

    def _connection(self):
        host = self.base_url().partition("//")[2]
        return http.client.HTTPConnection(host, timeout=30)

    def _headers(self, **more):
        return {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": "raw-1",
            **more,
        }

    def assertTooLarge(self, answer):
        """Expect the refusal as a problem document."""
        self.assertEqual(answer.status, 413)
        self.assertEqual(json.loads(answer.read())["code"], "IN-413")

    def test_iq_22_announced_length_is_believed_before_a_byte_is_read(self):
        for length in (100 * MEGABYTE, 10**12, 10**30):
            with self.subTest(length):
                connection = self._connection()
                connection.putrequest("POST", "/mfg_integration/v1/in/system.note")
                headers = self._headers(**{"Content-Length": str(length)})
                for name, value in headers.items():
                    connection.putheader(name, value)
                connection.endheaders()
                self.assertTooLarge(connection.getresponse())
                connection.close()

    def test_iq_22_chunked_body_is_cut_off_at_the_limit(self):
        connection = self._connection()
        pieces = (b"x" * 65536 for _number in range(100 * 16))
        # The server may hang up before all is sent; it has answered before.
        with contextlib.suppress(OSError):
            connection.request(
                "POST",
                "/mfg_integration/v1/in/system.note",
                body=pieces,
                headers=self._headers(),
                encode_chunked=True,
            )
            self.assertTooLarge(connection.getresponse())
        connection.close()
        self.assertFalse(self._messages())

    def test_chunked_body(self):
        connection = self._connection()
        connection.request(
            "POST",
            "/mfg_integration/v1/in/system.note",
            body=iter([b'{"text": ', b'"Hello"}']),
            headers=self._headers(),
            encode_chunked=True,
        )
        self.assertEqual(connection.getresponse().status, 202)
        connection.close()
        self.assertEqual(json.loads(self._messages().body), {"text": "Hello"})

    # signatures

    def _sign_up(self):
        self.credential._set_signing_secret(SIGNING_SECRET)
        self.credential.signature_required = True

    def test_iq_18_signature_is_required(self):
        self._sign_up()
        body = b'{"text": "A"}'
        signed = sign(body, "msg_1")
        for name, headers in {
            "none": {},
            "malformed": {**signed, "webhook-signature": "v1,%%%"},
            "not ASCII": {**signed, "webhook-signature": "v1,ä".encode()},
            "old": sign(body, "msg_1", timestamp=1),
            "other body": sign(b"{}", "msg_1"),
        }.items():
            with self.subTest(name):
                answer = self._post(body, headers=headers)
                self.assertProblem(answer, 401, "IN-401-SIGNATURE")
        self.assertFalse(self._messages())
        self.assertEqual(self._post(body, headers=signed).status_code, 202)

    def test_iq_18_replayed_request_has_no_effect(self):
        self._sign_up()
        body = b'{"text": "A"}'
        signed = sign(body, "msg_1")
        first = self._post(body, key="mine", headers=signed)
        for key in ("mine", "another"):
            again = self._post(body, key=key, headers=signed)
            self.assertEqual(again.headers["Idempotency-Replayed"], "true")
            self.assertEqual(again.json(), first.json())
        self._process_due()
        self.assertEqual(len(self._notes()), 1)

    def test_iq_18_replaced_secret_is_accepted_in_the_overlap_only(self):
        self._sign_up()
        action = self.credential.with_user(self.integrator).action_new_signing_secret()
        new = action["context"]["default_secret"]
        body = b'{"text": "A"}'
        for secret in (SIGNING_SECRET, new):
            signed = sign(body, f"msg_{secret[-4:]}", secret)
            self.assertEqual(self._post(body, headers=signed).status_code, 202)
        self.credential.sudo().former_valid_to = fields.Datetime.now() - timedelta(
            seconds=1
        )
        self.assertProblem(
            self._post(body, headers=sign(body, "msg_3")), 401, "IN-401-SIGNATURE"
        )
        signed = sign(body, "msg_4", new)
        self.assertEqual(self._post(body, headers=signed).status_code, 202)
