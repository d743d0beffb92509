from . import test_drawing_gate
