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

/** One transaction of a prune, with about `batch` deletions; a dry run counts all. The work is
    done by the function holdfast_prune of the database, whose file argues why nothing is lost. */
PgCall prune_call(const PruneRequest& request, std::int64_t batch);

}  // namespace holdfast
