from . import stock_scrap
