#pragma once

#include <cstdint>
#include <string_view>

namespace fer {

/// The cyclic redundancy check of RFC 3720, appendix B.4 (Castagnoli's polynomial; zlib's is another).
std::uint32_t crc32c(std::string_view bytes);

}  // namespace fer
