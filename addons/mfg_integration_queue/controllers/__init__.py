from . import dispatcher
from . import inbound
