from . import mfg_ic_exception_resolve
