"""``partner.published``: a vendor or customer as it is now in Odoo."""

#: role in the message → field that says how often the partner had it
ROLES = {"vendor": "supplier_rank", "customer": "customer_rank"}


def build(partner):
    """Return the payload of contract version 1.

    :param partner: one ``res.partner`` with a reference; the caller sees to access rights
        and language
    :return: JSON-ready dict
    """
    return {
        "code": partner.ref or None,
        "name": partner.name,
        "roles": [role for role, field in ROLES.items() if partner[field]],
        **{
            name: partner[name] or None
            for name in ("vat", "street", "street2", "zip", "city", "email", "phone")
        },
        "country": partner.country_id.code or None,
        "active": partner.active,
    }
