from . import test_demo_group
