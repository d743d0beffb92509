from . import export
from . import rpc
from . import session
