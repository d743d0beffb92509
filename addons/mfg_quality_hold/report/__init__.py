from . import report_mfg_quality_hold_containment
from . import report_mfg_quality_hold_dossier
from . import report_mfg_quality_hold_recall
from . import report_mfg_quality_hold_tag
from . import stock_forecasted_product_product
