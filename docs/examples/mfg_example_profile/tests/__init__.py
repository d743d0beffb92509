from . import test_purchasing_profile
