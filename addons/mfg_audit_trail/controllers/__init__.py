from . import export
from . import session
