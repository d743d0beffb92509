def migrate(cr, version):
    """Ages got keys of equal length, so that groups come in their order."""
    cr.execute(
        "UPDATE mfg_quality_hold SET age_bucket = lpad(age_bucket, 2, '0') "
        "WHERE length(age_bucket) = 1"
    )
