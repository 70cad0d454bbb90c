// FileDescriptor: closes what it holds.
// Thread rule: as for an int.
#pragma once

#include <unistd.h>

#include <utility>

namespace holdfast {

class FileDescriptor {
 public:
  /** Takes the number over; a negative one is none. */
  explicit FileDescriptor(int number = -1) noexcept : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int number() const noexcept { return number_; }

 private:
  int number_;
};

}  // namespace holdfast
