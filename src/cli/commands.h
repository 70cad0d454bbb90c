// The commands, one .cc file each. Each function gives the description that program.cc lists.
#pragma once

#include "cli/command.h"

namespace holdfast::cli {

CommandSpec signer_command();
CommandSpec migrate_up_command();
CommandSpec migrate_down_command();
CommandSpec migrate_status_command();
CommandSpec migrate_grant_command();
CommandSpec duties_list_command();
CommandSpec duties_distribution_command();
CommandSpec duties_explain_command();
CommandSpec duties_prune_command();
CommandSpec duties_export_command();
CommandSpec duties_import_command();
CommandSpec cluster_show_command();
CommandSpec cluster_accept_command();
CommandSpec cluster_release_command();
CommandSpec doctor_command();
CommandSpec demo_command();
CommandSpec version_command();

}  // namespace holdfast::cli
