from . import test_completion
from . import test_contract
from . import test_messages_button
from . import test_payload
from . import test_tours
