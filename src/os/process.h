// What a process that holds keys asks of the operating system for itself, once, at its start.
// Thread rule: before other threads are started.
#pragma once

#include <string>

#include "base/result.h"

namespace holdfast {

/** No core dump of this process is written, and no other process of the same user may attach to
    it or read its memory (PR_SET_DUMPABLE). Children that are executed start without this. */
Result<void> disable_core_dumps();

/** The name of the user whose rights this process has, or its number where it has no name. Not
   while another thread asks for users (getpwuid). */
std::string user_of_this_process();

/** "host-a pid 4711", for people who look for this process. */
std::string place_of_this_process();

/** A write to a closed pipe or socket is an error of that write and does not end the process. */
void ignore_broken_pipes();

}  // namespace holdfast
