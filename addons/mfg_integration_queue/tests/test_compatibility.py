from odoo.tests.common import BaseCase, tagged

from ..engine.compatibility import differences


def schema(properties=None, required=(), **keywords):
    return {
        "type": "object",
        "properties": properties or {},
        "required": list(required),
        **keywords,
    }


TEXT = {"type": "string"}


@tagged("post_install", "-at_install")
class TestCompatibility(BaseCase):
    """Who breaks by a change: whoever writes the messages, or whoever reads them."""

    def _assert_change(self, old, new, text, narrower=False, wider=False):
        found = differences(old, new)
        self.assertEqual([str(each) for each in found], [text])
        self.assertEqual((found[0].narrower, found[0].wider), (narrower, wider))

    def test_same_schema(self):
        self.assertEqual(differences(schema({"a": TEXT}), schema({"a": TEXT})), [])

    def test_new_optional_field_breaks_nobody(self):
        self._assert_change(schema(), schema({"a": TEXT}), "a: new optional field")

    def test_new_field_breaks_readers_that_refuse_what_they_do_not_know(self):
        closed = {"additionalProperties": False}
        self._assert_change(
            schema(**closed),
            schema({"a": TEXT}, **closed),
            "a: new optional field",
            wider=True,
        )

    def test_new_required_field_breaks_writers(self):
        self._assert_change(
            schema(), schema({"a": TEXT}, ["a"]), "a: new required field", narrower=True
        )

    def test_field_that_is_gone_breaks_readers_that_were_promised_it(self):
        self._assert_change(
            schema({"a": TEXT}, ["a"]), schema(), "a: field removed", wider=True
        )
        self._assert_change(schema({"a": TEXT}), schema(), "a: field removed")

    def test_required_and_optional(self):
        optional, required = schema({"a": TEXT}), schema({"a": TEXT}, ["a"])
        self._assert_change(optional, required, "a: required now", narrower=True)
        self._assert_change(required, optional, "a: not required any more", wider=True)

    def test_types(self):
        for old, new, narrower, wider in (
            ("string", "integer", True, True),
            ("integer", "number", False, True),
            ("number", "integer", True, False),
            (["string", "null"], "string", True, False),
        ):
            with self.subTest(f"{old} {new}"):
                (found,) = differences(
                    schema({"a": {"type": old}}), schema({"a": {"type": new}})
                )
                self.assertEqual((found.narrower, found.wider), (narrower, wider))
                self.assertIn("became", found.text)

    def test_values(self):
        def of(*values):
            return schema({"a": {"enum": list(values)}})

        self._assert_change(
            of("x", "y"), of("x"), "a: y not allowed any more", narrower=True
        )
        self._assert_change(of("x"), of("x", "y"), "a: y allowed, too", wider=True)
        self._assert_change(
            schema({"a": {}}), of("x"), "a: only x are allowed now", narrower=True
        )
        self._assert_change(
            of("x"), schema({"a": {}}), "a: any value is allowed now", wider=True
        )

    def test_bounds(self):
        def of(**bounds):
            return schema({"a": bounds})

        for old, new, narrower in (
            (of(minimum=1), of(minimum=2), True),
            (of(minimum=2), of(minimum=1), False),
            (of(), of(maxLength=5), True),
            (of(maxLength=5), of(), False),
            (of(maxItems=5), of(maxItems=9), False),
        ):
            with self.subTest(f"{old} {new}"):
                (found,) = differences(old, new)
                self.assertEqual(
                    (found.narrower, found.wider), (narrower, not narrower)
                )

    def test_lists_and_references_are_looked_into(self):
        def of(kind):
            return {
                "definitions": {"line": schema({"item": {"type": kind}})},
                "type": "object",
                "properties": {
                    "lines": {"type": "array", "items": {"$ref": "#/definitions/line"}}
                },
            }

        self._assert_change(
            of("string"),
            of(["string", "null"]),
            "lines[].item: type string became string, null",
            wider=True,
        )

    def test_schema_that_refers_to_itself_ends(self):
        def of(kind):
            return {
                "type": "object",
                "properties": {"child": {"$ref": "#"}, "a": {"type": kind}},
            }

        self.assertTrue(differences(of("string"), of("integer")))

    def test_what_cannot_be_compared_counts_as_breaking_both(self):
        (found,) = differences(
            schema({"a": {"pattern": "a"}}), schema({"a": {"pattern": "b"}})
        )
        self.assertTrue(found.breaks("outbound") and found.breaks("inbound"))
