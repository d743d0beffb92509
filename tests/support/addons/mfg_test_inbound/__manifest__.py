{
    "name": "Inbound test handlers",
    "summary": "Handlers that collide and crash, and a bare route to compare with",
    "version": "17.0.1.0.0",
    "category": "Hidden",
    "license": "LGPL-3",
    "author": "Odoo Manufacturing Group Suite contributors",
    "depends": ["mfg_integration_queue"],
    "data": ["security/ir.model.access.csv"],
}
