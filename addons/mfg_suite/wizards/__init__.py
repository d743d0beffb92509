from . import mfg_suite_translation
from . import mfg_suite_translation_line
