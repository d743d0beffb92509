from . import (
    mfg_release_gate,
    purchase_order,
    stock_move,
)
