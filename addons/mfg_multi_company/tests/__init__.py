from . import test_ic_agreement
from . import test_ic_invoice
from . import test_item_xref
from . import test_plants
from . import test_policies
from . import test_release
from . import test_roles
from . import test_tours
