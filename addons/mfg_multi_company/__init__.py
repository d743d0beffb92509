from . import engine, exceptions, models
