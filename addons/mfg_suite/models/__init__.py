from . import mfg_suite_demo
