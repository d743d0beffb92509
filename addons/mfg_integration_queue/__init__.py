from . import cli, controllers, models, wizards
from .hooks import uninstall_hook
