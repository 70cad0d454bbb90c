#include "store/node_table.h"

#include <algorithm>
#include <utility>

namespace holdfast {

std::string publishers_text(const std::vector<Address>& publishers) {
  std::string text;
  for (const Address& publisher : publishers) {
    if (!text.empty()) text += ',';
    text += to_text(publisher);
  }
  return text;
}

Result<std::vector<Address>> publishers_of_row(std::string_view text, const std::string& node_id) {
  std::vector<Address> publishers;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    Result<Address> publisher = address_from_text(text.substr(0, end));
    if (!publisher) {
      return std::move(publisher).error().within("holdfast_nodes, publishers of " + node_id);
    }
    publishers.push_back(*publisher);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return publishers;
}

}  // namespace holdfast
