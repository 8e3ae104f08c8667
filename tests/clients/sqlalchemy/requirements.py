"""What the suite may ask of a MySQL or MariaDB server: beyond SQLAlchemy's own defaults, what such servers have and what they have not."""

import os

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

THERE = """
    bound_limit_offset schemas views ctes window_functions savepoints isolation_level json_type json_array_indexes
    unicode_connections symbol_names_w_double_quote comment_reflection computed_columns computed_columns_stored
    computed_columns_virtual autocommit table_reflection reflect_table_options update_from delete_from precision_numerics_general
    precision_numerics_retains_significant_digits tuple_in intersect except_ order_by_col_from_union mod_operator_as_percent_sign
    standalone_null_binds_whereclause server_side_cursors regexp_match regexp_replace duplicate_key_raises_integrity_error
    index_reflection text_type empty_inserts_executemany parens_in_union_contained_select_w_limit_offset temporary_tables has_temp_table
    temp_table_reflection
"""
NOT_THERE = """
    foreign_key_constraint_option_reflection_ondelete fk_constraint_option_reflection_ondelete_restrict
    sql_expression_limit_offset datetime_microseconds time_microseconds datetime_literals
    check_constraint_reflection computed_columns_default_persisted on_update_cascade on_update_or_deferrable_fks
    precision_generic_float_type infinity_floats uuid_data_type nullsordering supports_distinct_on unbounded_varchar
    nested_aggregates sequences datetime_implicit_bound date_implicit_bound time_implicit_bound float_is_numeric
"""
# What one server has, and Ostrakon refuses.
REFUSED = """
    self_referential_foreign_keys foreign_key_constraint_reflection foreign_key_constraint_name_reflection
"""


class Requirements(SuiteRequirements):
    def get_isolation_levels(self, config):
        levels = ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT"]
        return {"default": "REPEATABLE READ", "supported": levels}


def answer(names, there):
    for name in names.split():
        setattr(Requirements, name, property(lambda self: exclusions.open() if there else exclusions.closed()))


answer(THERE, True)
answer(NOT_THERE, False)
answer(REFUSED, os.environ["DIALECT_ONE_SERVER"] == "1")
