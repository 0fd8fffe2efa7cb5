// What gcc's -fsanitize-coverage calls, and libFuzzer does not know of or refuses: it asks for clang's counters
// instead, but also looks into a section of further ones.
#include <cstddef>
#include <cstdint>

namespace {

constexpr std::size_t kCounters = 1 << 16;

__attribute__((section("__libfuzzer_extra_counters"))) std::uint8_t counters[kCounters];

}  // namespace

/// Called ahead of each piece of code without branches. Blocks whose addresses have the same end share a counter.
extern "C" __attribute__((no_sanitize("address", "undefined"), no_sanitize_coverage)) void
__wrap___sanitizer_cov_trace_pc() {
  ++counters[reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)) % kCounters];
}

// Of comparisons libFuzzer learns values to try; it has no use for those of floating point.
extern "C" void __sanitizer_cov_trace_cmpf(float, float) {}
extern "C" void __sanitizer_cov_trace_cmpd(double, double) {}
