from . import test_scrap_told
