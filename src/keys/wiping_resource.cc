#include "keys/wiping_resource.h"

#include <new>

#include "base/check.h"
#include "os/secret.h"

namespace holdfast {

void* WipingResource::do_allocate(std::size_t bytes, std::size_t alignment) {
  CHECK(alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  return ::operator new(bytes);
}

void WipingResource::do_deallocate(void* block, std::size_t bytes, std::size_t /*alignment*/) {
  wipe(std::span(static_cast<std::uint8_t*>(block), bytes));
  if (watch_) watch_(std::span(static_cast<const unsigned char*>(block), bytes));
  ::operator delete(block);
}

bool WipingResource::do_is_equal(const boost::json::memory_resource& other) const noexcept {
  return this == &other;
}

}  // namespace holdfast
