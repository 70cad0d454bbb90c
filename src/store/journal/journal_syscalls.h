// The system calls of a journal, with errors that say what to do. For journal_file.cc alone.
// Thread rule: any thread. The calls block.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "os/file_descriptor.h"

namespace holdfast::journal_os {

/** "cannot <doing> <path>: the disk is full". */
Error failure(std::string_view doing, const std::filesystem::path& path, int code);

/** There, a directory, and not for everybody to write to; made for the owner only if absent. */
Result<void> prepare_directory(const std::filesystem::path& directory);

/** Makes names in it durable. */
Result<void> sync_directory(const std::filesystem::path& directory);

/** The process's own lock on the file of that name, which is made if absent and never removed.
    unavailable names the process that has it. */
Result<FileDescriptor> take_lock(const std::filesystem::path& path, const std::string& node_id);

/** A regular file that only its owner may use, no symbolic link; not_found where there is none. */
Result<FileDescriptor> open_private(const std::filesystem::path& path, int flags);

/** A new file, 0600, in the place of one that a crash left behind. */
Result<FileDescriptor> create_private(const std::filesystem::path& path);

Result<Bytes> read_all(const FileDescriptor& file, const std::filesystem::path& path);

Result<void> write_at(const FileDescriptor& file, const std::filesystem::path& path,
                      std::size_t offset, ByteView bytes);

/** fdatasync: the content and the length. */
Result<void> sync_data(const FileDescriptor& file, const std::filesystem::path& path);

Result<void> cut_off(const FileDescriptor& file, const std::filesystem::path& path,
                     std::size_t length);

/** Whether the file that is open is the one of that name. */
bool is_in_place(const FileDescriptor& file, const std::filesystem::path& path);

}  // namespace holdfast::journal_os
