#include "store/journal/journal_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/quote.h"
#include "store/journal/journal_syscalls.h"

namespace holdfast {
namespace {

constexpr std::size_t kNodeIdMax = 1024;
/** How often a reader without the lock looks, when what it sees may be half of a write. */
constexpr int kLooks = 3;

std::filesystem::path beside(const std::filesystem::path& path, const char* ending) {
  return path.string() + ending;
}

Result<JournalScan> scan_of_node(ByteView content, const std::filesystem::path& path,
                                 const std::string& node_id) {
  Result<JournalScan> scan = scan_journal(content);
  if (!scan) {
    Error error = std::move(scan).error();
    if (error.kind == ErrorKind::corrupt) {
      error.message += fmt::format(
          "; what this node released is not certain, so it does not sign: keep the file, and see "
          "docs/JOURNAL.md#damaged; to begin anew move it away and start with "
          "--accept-new-journal");
    }
    return std::move(error).within("the journal " + path.string());
  }
  if (scan->header.node_id == node_id) return scan;
  return Error{ErrorKind::invalid_input,
               fmt::format("the journal {} belongs to node {}, and this is node {}; give each node "
                           "its own node id and data directory",
                           path.string(), holdfast::quoted(scan->header.node_id),
                           holdfast::quoted(node_id))};
}

}  // namespace

Result<JournalScan> look_at_journal(const std::filesystem::path& path, const std::string& node_id) {
  for (int look = 1;; ++look) {
    const Result<FileDescriptor> file = journal_os::open_private(path, O_RDONLY);
    if (!file) return Error(file.error());
    const Result<Bytes> content = journal_os::read_all(*file, path);
    if (!content) return Error(content.error());
    Result<JournalScan> scan = scan_of_node(*content, path, node_id);
    if (scan || scan.error().kind != ErrorKind::corrupt || look == kLooks) return scan;
  }
}

Result<JournalFile::Opened> JournalFile::open(const std::filesystem::path& directory,
                                              const std::string& node_id, RandomSource& random) {
  if (node_id.empty() || node_id.size() > kNodeIdMax) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("a node id of {} bytes cannot have a journal; it must have 1 to {}",
                             node_id.size(), kNodeIdMax)};
  }
  if (Result<void> usable = journal_os::prepare_directory(directory); !usable) {
    return std::move(usable).error();
  }
  const std::filesystem::path path = journal_path(directory, node_id);
  Result<FileDescriptor> lock = journal_os::take_lock(beside(path, ".lock"), node_id);
  if (!lock) return std::move(lock).error();
  JournalFile file(path, *std::move(lock));
  Opened opened{std::move(file), {}};
  Result<JournalScan> scan = opened.file.load(node_id);
  if (scan) {
    opened.entries = std::move(scan->entries);
    opened.repaired_bytes = scan->torn_bytes;
    return opened;
  }
  if (scan.error().kind != ErrorKind::not_found) return std::move(scan).error();
  opened.is_new = true;
  if (Result<void> made = opened.file.create(node_id, random); !made) {
    return std::move(made).error();
  }
  return opened;
}

Result<void> JournalFile::create(const std::string& node_id, RandomSource& random) {
  header_.journal_id.bytes = random.bytes16();
  header_.node_id = node_id;
  Result<void> made = replace_by(encode_file(header_, {}));
  if (made || !needs_rewrite()) return made;
  // Under its name, but perhaps not for good.
  ::unlink(path_.c_str());
  return made;
}

Result<JournalScan> JournalFile::load(const std::string& node_id) {
  Result<FileDescriptor> file = journal_os::open_private(path_, O_RDWR);
  if (!file) return std::move(file).error();
  file_ = *std::move(file);
  const Result<Bytes> content = journal_os::read_all(file_, path_);
  if (!content) return Error(content.error());
  Result<JournalScan> scan = scan_of_node(*content, path_, node_id);
  if (!scan) return scan;
  // A content that a crash left behind never got its name.
  if (::unlink(beside(path_, ".new").c_str()) != 0 && errno != ENOENT) {
    return journal_os::failure("remove", beside(path_, ".new"), errno);
  }
  // What was read may be in the memory of the kernel only: the writer was killed before its fsync.
  Result<void> durable = scan->torn_bytes > 0 ? journal_os::cut_off(file_, path_, scan->good_length)
                                              : journal_os::sync_data(file_, path_);
  if (durable) durable = journal_os::sync_directory(path_.parent_path());
  if (!durable) return std::move(durable).error();
  header_ = scan->header;
  size_ = scan->good_length;
  durable_sequence_ = scan->sequence;
  used_sequence_ = scan->sequence;
  return scan;
}

Result<void> JournalFile::check_in_place() const {
  if (journal_os::is_in_place(file_, path_)) return {};
  return Error{ErrorKind::unavailable,
               fmt::format("the journal {} was deleted, moved or replaced while it was open; put "
                           "the original back, or stop this signer and find out what happened",
                           path_.string())};
}

Result<void> JournalFile::append(ByteView payload) {
  if (broken_) {
    return Error{ErrorKind::unavailable,
                 fmt::format("the journal {} waits to be written anew, because: {}", path_.string(),
                             *broken_)};
  }
  if (Result<void> same = check_in_place(); !same) return same;
  const Bytes block = encode_block(header_.journal_id, used_sequence_ + 1, payload);
  if (Result<void> written = journal_os::write_at(file_, path_, size_, block); !written) {
    roll_back();
    return written;
  }
  ++used_sequence_;
  if (Result<void> synced = journal_os::sync_data(file_, path_); !synced) {
    broken_ = synced.error().message;
    return synced;
  }
  size_ += block.size();
  durable_sequence_ = used_sequence_;
  return {};
}

void JournalFile::roll_back() {
  const Result<void> cut = journal_os::cut_off(file_, path_, size_);
  if (!cut) broken_ = cut.error().message;
}

Result<void> JournalFile::rewrite(const std::vector<Bytes>& payloads) {
  CHECK(!payloads.empty());
  if (Result<void> same = check_in_place(); !same) return same;
  JournalHeader header = header_;
  header.base_sequence = used_sequence_;
  // Whatever becomes of it, no other block has its numbers.
  used_sequence_ += payloads.size();
  Result<void> replaced = replace_by(encode_file(std::move(header), payloads));
  if (replaced) durable_sequence_ = used_sequence_;
  return replaced;
}

Result<void> JournalFile::replace_by(const Bytes& content) {
  const std::filesystem::path temporary = beside(path_, ".new");
  Result<FileDescriptor> made = journal_os::create_private(temporary);
  if (!made) return std::move(made).error();
  Result<void> written = journal_os::write_at(*made, temporary, 0, content);
  if (written) written = journal_os::sync_data(*made, temporary);
  if (written && ::rename(temporary.c_str(), path_.c_str()) != 0) {
    written = journal_os::failure("rename to its name", temporary, errno);
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  file_ = *std::move(made);
  size_ = content.size();
  // After a loss of power the name may lead to the old content, which lacks what is appended now.
  Result<void> named = journal_os::sync_directory(path_.parent_path());
  if (named) {
    broken_.reset();
  } else {
    broken_ = named.error().message;
  }
  return named;
}

}  // namespace holdfast
