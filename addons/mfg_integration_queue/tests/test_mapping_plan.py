import json
from decimal import Decimal

from odoo.tests.common import BaseCase, tagged

from ..engine import paths
from ..engine.mapping import (
    Plan,
    UnitStep,
    Unmapped,
    UnusableStep,
    ValueStep,
    compile_shape,
    map_one,
)

ORDER = {
    "order": "MO/1",
    "state": "done",
    "note": None,
    "lines": [
        {"item": "A", "quantity": {"value": 1.5, "unit": "t"}},
        {"item": "B", "quantity": {"value": 2, "unit": "pc"}},
    ],
}


def plan(*steps, select="", shape=None):
    return Plan(
        select=paths.tree(paths.parse_lines(select)),
        steps=steps,
        shape=compile_shape(shape) if shape else None,
    )


def values(path, entries):
    return ValueStep("States", paths.parse(path), entries)


def units(entries, path="lines[].quantity.unit"):
    return UnitStep("Units", paths.parse(path), "value", entries)


@tagged("post_install", "-at_install")
class TestMappingPlan(BaseCase):
    """Select, translate, shape: on plain values, without a database."""

    def _map(self, *steps, document=ORDER, **options):  # pylint: disable=dangerous-default-value
        return map_one(None, plan(*steps, **options), document)

    def _cause(self, *steps, document=ORDER, **options):  # pylint: disable=dangerous-default-value
        with self.assertRaises(Unmapped) as caught:
            self._map(*steps, document=document, **options)
        return caught.exception

    def test_nothing_declared_changes_nothing(self):
        self.assertEqual(self._map(), ORDER)

    def test_select_keeps_what_it_names(self):
        self.assertEqual(
            self._map(select="order\nlines[].quantity.value\nabsent.field"),
            {
                "order": "MO/1",
                "lines": [{"quantity": {"value": 1.5}}, {"quantity": {"value": 2}}],
            },
        )

    def test_select_of_an_object_keeps_all_of_it(self):
        self.assertEqual(
            self._map(select="lines[].quantity")["lines"][0],
            {"quantity": {"value": 1.5, "unit": "t"}},
        )

    def test_select_passes_over_what_is_of_another_kind(self):
        self.assertEqual(
            self._map(select="lines.item\norder[]\nstate.code"),
            {
                "lines": [],
                "order": "MO/1",
                "state": "done",
            },
        )

    def test_value_is_exchanged_and_the_message_itself_stays(self):
        before = json.dumps(ORDER)
        mapped = self._map(values("state", {"done": "COMPLETE"}))
        self.assertEqual(mapped["state"], "COMPLETE")
        self.assertEqual(json.dumps(ORDER), before)

    def test_other_kinds_of_values_are_found_by_their_json(self):
        mapped = self._map(
            values("flag", {"true": "Y"}),
            values("code", {"7": "SEVEN"}),
            document={"flag": True, "code": 7},
        )
        self.assertEqual(mapped, {"flag": "Y", "code": "SEVEN"})

    def test_nothing_needs_no_translation(self):
        self.assertIsNone(self._map(values("note", {}))["note"])
        self._map(values("absent.path[].x", {}))

    def test_missing_translation_names_the_value_and_is_never_guessed(self):
        error = self._cause(values("state", {"open": "OPEN"}))
        self.assertEqual(error.code, "MAP-001")
        self.assertEqual(error.cause, "States: “done” has no translation")

    def test_cause_is_the_same_wherever_the_value_stands(self):
        first = self._cause(values("lines[].item", {"B": "b"}))
        second = self._cause(
            values("lines[].item", {"B": "b"}),
            document={"lines": [{"item": "B"}, {"item": "A"}, {"item": "A"}]},
        )
        self.assertEqual(first.cause, second.cause)

    def test_every_missing_value_is_named_at_once(self):
        error = self._cause(values("lines[].item", {}), values("state", {}))
        self.assertEqual(len(error.cause.splitlines()), 3)
        many = {"lines": [{"item": str(number)} for number in range(50)]}
        lines = self._cause(
            values("lines[].item", {}), document=many
        ).cause.splitlines()
        self.assertEqual((len(lines), lines[-1]), (11, "and 40 more"))

    def test_unit_takes_the_quantity_along(self):
        mapped = self._map(
            units({"t": ("KGM", Decimal(1000)), "pc": ("C62", Decimal(1))})
        )
        self.assertEqual(
            [line["quantity"] for line in mapped["lines"]],
            [{"value": 1500, "unit": "KGM"}, {"value": 2, "unit": "C62"}],
        )

    def test_conversion_does_not_invent_digits(self):
        for quantity, factor, result in (
            (0.1, "3", 0.3),
            (1, "0.453592370", 0.45359237),
            (12345.678, "0.001", 12.345678),
        ):
            mapped = self._map(
                units({"t": ("x", Decimal(factor))}, "unit"),
                document={"unit": "t", "value": quantity},
            )
            self.assertEqual(mapped["value"], result)

    def test_unit_without_a_quantity_is_not_converted_silently(self):
        step = units({"t": ("KGM", Decimal(1000))}, "unit")
        for document in (
            {"unit": "t"},
            {"unit": "t", "value": "1"},
            {"unit": "t", "value": True},
        ):
            with self.subTest(document):
                self.assertIn(
                    "needs a number", self._cause(step, document=document).cause
                )

    def test_shape_arranges_the_result(self):
        mapped = self._map(
            values("state", {"done": "C"}),
            select="order\nstate\nlines[].item",
            shape="{nr: order, st: state, items: lines[].item}",
        )
        self.assertEqual(mapped, {"nr": "MO/1", "st": "C", "items": ["A", "B"]})

    def test_shape_that_does_not_fit_the_message(self):
        for shape in ("order", "length(state)  == `1`", "{n: abs(order)}"):
            with self.subTest(shape):
                self.assertEqual(self._cause(shape=shape).code, "MAP-002")

    def test_what_is_no_path_or_expression_is_refused(self):
        for text in ("", "a..b", "a[0]", "[]", "a b", "a.", "$.a"):
            with self.subTest(text), self.assertRaises(ValueError):
                paths.parse(text)
        with self.assertRaises(ValueError):
            compile_shape("{a: ")

    def test_step_that_is_gone_lets_nothing_pass(self):
        self.assertEqual(
            self._cause(UnusableStep("Product is gone")).cause, "Product is gone"
        )
