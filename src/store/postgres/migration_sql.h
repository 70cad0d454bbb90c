// The SQL files of store/migrations, as they were when the program was built.
#pragma once

#include <string_view>

namespace holdfast::migration_sql {

extern const std::string_view kInitialSchema;
extern const std::string_view kAddCheckpointNumber;
extern const std::string_view kHoldfastLedger;
extern const std::string_view kHoldfastTriggers;
extern const std::string_view kHoldfastNoHarden;
extern const std::string_view kHoldfastPrune;
extern const std::string_view kHoldfastCluster;
extern const std::string_view kDown;

}  // namespace holdfast::migration_sql
