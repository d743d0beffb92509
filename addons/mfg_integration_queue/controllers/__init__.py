from . import activation
from . import dispatcher
from . import inbound
from . import metrics
