from . import mfg_integration_facility_connect
