{
    "name": "Example: Purchasing Audit",
    "summary": "A further audit profile: purchase orders and vendor prices",
    "version": "17.0.1.0.0",
    "category": "Manufacturing",
    "author": "Odoo Manufacturing Group Suite contributors",
    "license": "LGPL-3",
    "depends": ["mfg_audit_trail", "purchase"],
    "data": ["data/mfg_audit_profile_data.xml"],
}
