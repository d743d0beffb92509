from . import engine, exceptions, models, wizard
