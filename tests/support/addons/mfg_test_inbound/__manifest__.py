{
    "name": "Inbound test handlers",
    "summary": "Handlers that collide and crash, for the fault tests",
    "version": "17.0.1.0.0",
    "category": "Hidden",
    "license": "LGPL-3",
    "author": "Odoo Manufacturing Group Suite contributors",
    "depends": ["mfg_integration_queue"],
}
