from . import test_donation
