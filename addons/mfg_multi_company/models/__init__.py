from . import (
    mfg_decision_mixin,
    mfg_plant,
    mfg_plant_domain,
    mfg_plant_role,
    mfg_plant_role_assignment,
    mfg_plant_role_conflict,
    res_users,
)
