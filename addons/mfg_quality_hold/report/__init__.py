from . import stock_forecasted_product_product
