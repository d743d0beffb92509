from . import ledger, values
