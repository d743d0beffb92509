from . import mrp_production
from . import purchase_order
from . import stock_lot
from . import stock_picking
