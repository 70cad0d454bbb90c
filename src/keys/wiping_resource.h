// WipingResource: memory for a JSON tree that holds secrets. What it gives back to the heap is
// overwritten first. Used beneath a boost::json::monotonic_resource, so that the whole tree is
// wiped when the parse is over, whatever way it ended.
//
// Thread rule: as for a vector of bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include <boost/json/memory_resource.hpp>

namespace holdfast {

class WipingResource final : public boost::json::memory_resource {
 public:
  /** Sees each block after it was wiped and before it is freed: tests look for what is left. */
  using Watch = std::function<void(std::span<const unsigned char> block)>;

  WipingResource() = default;
  explicit WipingResource(Watch watch) : watch_(std::move(watch)) {}
  WipingResource(const WipingResource&) = delete;
  WipingResource& operator=(const WipingResource&) = delete;

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const boost::json::memory_resource& other) const noexcept override;

  Watch watch_;
};

}  // namespace holdfast
