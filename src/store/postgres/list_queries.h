// The statements of lists and counts, whose text depends on what is asked. Pure.
#pragma once

#include <chrono>

#include "store/duty_store.h"
#include "store/postgres/pg_connection.h"

namespace holdfast {

/** Columns as duty_row_of reads them, newest started first. */
PgCall list_call(const DutyFilter& filter);

/** The guide's distribution query: duty type, node, duties, signed duties. */
PgCall count_call(std::chrono::seconds newer_than);

}  // namespace holdfast
