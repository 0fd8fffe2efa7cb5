#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace fer {

/// JSON is UTF-8, which paths and names of hosts need not be: what is none is replaced rather than refused.
/// @param indent  columns; -1: all in one line
/// @param value  nlohmann::json, or ordered_json, which keeps the order of keys.
template <class Json>
std::string json_text(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace fer
