#pragma once

// To be included ahead of Highway. Each source with vector code is compiled once for each of the instruction sets that
// Highway knows but for these: on processors up to SSE4 chains go the plain way (has_chain_kernels() in model/chain.h),
// and what AVX3_DL has beyond AVX3 no kernel here uses.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
