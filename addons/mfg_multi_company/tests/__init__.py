from . import test_plants
from . import test_policies
from . import test_roles
from . import test_tours
