// Winograd's minimal filtering F(m x m, 3x3), after Lavin and Gray, "Fast algorithms for convolutional neural networks"
// (arXiv 1509.09308, section 4): a 3x3 convolution over a tile of m x m outputs takes (m + 2)^2 products instead of
// 9 m^2. A patch d of inputs, a filter g and the tile Y meet in a spectrum of (m + 2)^2 values,
//
//     Y = A' [(G g G') * (B' d B)] A
//
// whose products, summed over channels, are (m + 2)^2 products of matrices. Gradients run the same way: that of the
// inputs is a convolution with filters turned round, and that of a filter is G' [(A dY A') * (B' d B)] G.
//
// The matrices are those of Toom and Cook's interpolation in the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity, of
// which smaller tiles leave some out. In float32 a convolution of random maps comes out with a relative error (root
// mean square) of 0.8e-6, 1.4e-6 and 2.8e-6 for tiles of 3, 4 and 6, and the filters' gradient of 1.7e-6, 3.3e-6 and
// 4.5e-6.
//
// Included once for each instruction set.
#if defined(FER_KERNELS_WINOGRAD_TRANSFORMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FER_KERNELS_WINOGRAD_TRANSFORMS_INL_H
#undef FER_KERNELS_WINOGRAD_TRANSFORMS_INL_H
#else
#define FER_KERNELS_WINOGRAD_TRANSFORMS_INL_H
#endif

#include <cstddef>

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

constexpr std::size_t kFilter = 3;  // weights along a side

/// The transforms of one side, for tiles of kTile outputs: vectors in, vectors out.
template <std::size_t kTile>
struct Winograd;

/// Points 0, 1, -1, 2 and infinity.
template <>
struct Winograd<3> {
  static constexpr std::size_t kTile = 3, kPatch = 5, kSpectrum = 25;

  /// B' d: patch to spectrum.
  static HWY_INLINE void transform_patch(const Vec* d, Vec* t) {
    const Vec two = set(2), three = set(3);
    const Vec a = hn::NegMulAdd(two, d[1], hn::Sub(d[3], d[2]));
    t[0] = hn::MulAdd(two, hn::Sub(d[0], d[2]), hn::Sub(d[3], d[1]));
    t[1] = a;
    t[2] = hn::MulAdd(two, d[1], hn::NegMulAdd(three, d[2], d[3]));
    t[3] = hn::Sub(d[3], d[1]);
    t[4] = hn::MulAdd(two, hn::Sub(d[1], d[3]), hn::Sub(d[4], d[2]));
  }

  /// A' m: spectrum to tile.
  static HWY_INLINE void restore_tile(const Vec* m, Vec* y) {
    const Vec two = set(2), four = set(4);
    const Vec s = hn::Add(m[1], m[2]), d = hn::Sub(m[1], m[2]);
    y[0] = hn::Add(hn::Add(m[0], s), m[3]);
    y[1] = hn::MulAdd(two, m[3], d);
    y[2] = hn::Add(hn::MulAdd(four, m[3], s), m[4]);
  }

  /// A y: a tile's gradient to spectrum.
  static HWY_INLINE void transform_tile(const Vec* y, Vec* z) {
    const Vec two = set(2), four = set(4);
    const Vec even = hn::Add(y[0], y[2]);
    z[0] = y[0];
    z[1] = hn::Add(even, y[1]);
    z[2] = hn::Sub(even, y[1]);
    z[3] = hn::MulAdd(four, y[2], hn::MulAdd(two, y[1], y[0]));
    z[4] = y[2];
  }

  /// G g: filter to spectrum.
  static HWY_INLINE void transform_filter(const Vec* g, Vec* u) {
    const Vec sum = hn::Add(g[0], g[2]);
    u[0] = hn::Mul(g[0], set(0.5f));
    u[1] = hn::Mul(hn::Add(sum, g[1]), set(-0.5f));
    u[2] = hn::Mul(hn::Sub(sum, g[1]), set(-1.0f / 6));
    u[3] = hn::MulAdd(g[2], set(2.0f / 3), hn::MulAdd(g[1], set(1.0f / 3), hn::Mul(g[0], set(1.0f / 6))));
    u[4] = g[2];
  }

  /// G' u: spectrum to a filter's gradient.
  static HWY_INLINE void restore_filter(const Vec* u, Vec* g) {
    const Vec a = hn::Mul(u[1], set(-0.5f)), b = hn::Mul(u[2], set(-1.0f / 6)), sum = hn::Add(a, b);
    g[0] = hn::MulAdd(u[0], set(0.5f), hn::MulAdd(u[3], set(1.0f / 6), sum));
    g[1] = hn::MulAdd(u[3], set(1.0f / 3), hn::Sub(a, b));
    g[2] = hn::MulAdd(u[3], set(2.0f / 3), hn::Add(sum, u[4]));
  }
};

/// Points 0, 1, -1, 2, -2 and infinity.
template <>
struct Winograd<4> {
  static constexpr std::size_t kTile = 4, kPatch = 6, kSpectrum = 36;

  static HWY_INLINE void transform_patch(const Vec* d, Vec* t) {
    const Vec two = set(2), four = set(4), five = set(5);
    const Vec a = hn::NegMulAdd(four, d[2], d[4]);
    const Vec b = hn::NegMulAdd(four, d[1], d[3]);
    const Vec c = hn::Sub(d[4], d[2]);
    const Vec e = hn::Mul(two, hn::Sub(d[3], d[1]));
    t[0] = hn::MulAdd(four, d[0], hn::NegMulAdd(five, d[2], d[4]));
    t[1] = hn::Add(a, b);
    t[2] = hn::Sub(a, b);
    t[3] = hn::Add(c, e);
    t[4] = hn::Sub(c, e);
    t[5] = hn::MulAdd(four, d[1], hn::NegMulAdd(five, d[3], d[5]));
  }

  static HWY_INLINE void restore_tile(const Vec* m, Vec* y) {
    const Vec two = set(2), four = set(4), eight = set(8);
    const Vec s = hn::Add(m[1], m[2]), d = hn::Sub(m[1], m[2]);
    const Vec p = hn::Add(m[3], m[4]), q = hn::Sub(m[3], m[4]);
    y[0] = hn::Add(m[0], hn::Add(s, p));
    y[1] = hn::MulAdd(two, q, d);
    y[2] = hn::MulAdd(four, p, s);
    y[3] = hn::Add(hn::MulAdd(eight, q, d), m[5]);
  }

  static HWY_INLINE void transform_tile(const Vec* y, Vec* z) {
    const Vec two = set(2), four = set(4), eight = set(8);
    const Vec even = hn::Add(y[0], y[2]), odd = hn::Add(y[1], y[3]);
    const Vec even2 = hn::MulAdd(four, y[2], y[0]), odd2 = hn::MulAdd(eight, y[3], hn::Mul(two, y[1]));
    z[0] = y[0];
    z[1] = hn::Add(even, odd);
    z[2] = hn::Sub(even, odd);
    z[3] = hn::Add(even2, odd2);
    z[4] = hn::Sub(even2, odd2);
    z[5] = y[3];
  }

  static HWY_INLINE void transform_filter(const Vec* g, Vec* u) {
    const Vec sixth = set(-1.0f / 6);
    const Vec s = hn::Mul(hn::Add(g[0], g[2]), sixth), d = hn::Mul(g[1], sixth);
    const Vec p = hn::MulAdd(g[0], set(1.0f / 24), hn::Mul(g[2], set(1.0f / 6))), q = hn::Mul(g[1], set(1.0f / 12));
    u[0] = hn::Mul(g[0], set(0.25f));
    u[1] = hn::Add(s, d);
    u[2] = hn::Sub(s, d);
    u[3] = hn::Add(p, q);
    u[4] = hn::Sub(p, q);
    u[5] = g[2];
  }

  static HWY_INLINE void restore_filter(const Vec* u, Vec* g) {
    const Vec s = hn::Mul(hn::Add(u[1], u[2]), set(-1.0f / 6)), d = hn::Sub(u[1], u[2]);
    const Vec p = hn::Add(u[3], u[4]), q = hn::Sub(u[3], u[4]);
    g[0] = hn::MulAdd(u[0], set(0.25f), hn::MulAdd(p, set(1.0f / 24), s));
    g[1] = hn::MulAdd(q, set(1.0f / 12), hn::Mul(d, set(-1.0f / 6)));
    g[2] = hn::MulAdd(p, set(1.0f / 6), hn::Add(s, u[5]));
  }
};

/// Points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity.
template <>
struct Winograd<6> {
  static constexpr std::size_t kTile = 6, kPatch = 8, kSpectrum = 64;

  static HWY_INLINE void transform_patch(const Vec* d, Vec* t) {
    const Vec wide = set(5.25f), near = set(-4.25f), quarter = set(0.25f), mid = set(-2.5f);
    const Vec a = hn::MulAdd(near, d[4], hn::Add(d[2], d[6])), b = hn::MulAdd(near, d[3], hn::Add(d[1], d[5]));
    const Vec c = hn::MulAdd(quarter, d[2], hn::MulAdd(set(-1.25f), d[4], d[6]));
    const Vec e = hn::MulAdd(set(0.5f), d[1], hn::MulAdd(mid, d[3], hn::Add(d[5], d[5])));
    const Vec f = hn::MulAdd(set(4), d[2], hn::MulAdd(set(-5), d[4], d[6]));
    const Vec g = hn::MulAdd(set(0.5f), d[5], hn::MulAdd(mid, d[3], hn::Add(d[1], d[1])));
    const Vec at_0 = hn::MulAdd(wide, hn::Sub(d[4], d[2]), hn::Sub(d[0], d[6]));
    const Vec at_infinity = hn::MulAdd(wide, hn::Sub(d[3], d[5]), hn::Sub(d[7], d[1]));
    at_all_points(at_0, a, b, c, e, f, g, at_infinity, t);
  }

  static HWY_INLINE void restore_tile(const Vec* m, Vec* y) {
    const Vec s = hn::Add(m[1], m[2]), d = hn::Sub(m[1], m[2]);
    const Vec s2 = hn::Add(m[3], m[4]), d2 = hn::Sub(m[3], m[4]);
    const Vec half_s = hn::Add(m[5], m[6]), half_d = hn::Sub(m[5], m[6]);
    y[0] = hn::Add(hn::Add(m[0], s), hn::Add(s2, half_s));
    y[1] = hn::MulAdd(set(2), d2, hn::MulAdd(set(0.5f), half_d, d));
    y[2] = hn::MulAdd(set(4), s2, hn::MulAdd(set(0.25f), half_s, s));
    y[3] = hn::MulAdd(set(8), d2, hn::MulAdd(set(0.125f), half_d, d));
    y[4] = hn::MulAdd(set(16), s2, hn::MulAdd(set(0.0625f), half_s, s));
    y[5] = hn::Add(hn::MulAdd(set(32), d2, hn::MulAdd(set(0.03125f), half_d, d)), m[7]);
  }

  static HWY_INLINE void transform_tile(const Vec* y, Vec* z) {
    const Vec even = hn::Add(hn::Add(y[0], y[2]), y[4]), odd = hn::Add(hn::Add(y[1], y[3]), y[5]);
    const Vec even2 = hn::MulAdd(set(16), y[4], hn::MulAdd(set(4), y[2], y[0]));
    const Vec odd2 = hn::MulAdd(set(32), y[5], hn::MulAdd(set(8), y[3], hn::Add(y[1], y[1])));
    const Vec half_even = hn::MulAdd(set(0.0625f), y[4], hn::MulAdd(set(0.25f), y[2], y[0]));
    const Vec half_odd = hn::MulAdd(set(0.03125f), y[5], hn::MulAdd(set(0.125f), y[3], hn::Mul(set(0.5f), y[1])));
    at_all_points(y[0], even, odd, even2, odd2, half_even, half_odd, y[5], z);
  }

  static HWY_INLINE void transform_filter(const Vec* g, Vec* u) {
    const Vec ninths = set(-2.0f / 9);
    const Vec s = hn::Mul(hn::Add(g[0], g[2]), ninths), d = hn::Mul(g[1], ninths);
    const Vec s2 = hn::MulAdd(g[0], set(1.0f / 90), hn::Mul(g[2], set(2.0f / 45))), d2 = hn::Mul(g[1], set(1.0f / 45));
    const Vec half_s = hn::MulAdd(g[0], set(32.0f / 45), hn::Mul(g[2], set(8.0f / 45)));
    const Vec half_d = hn::Mul(g[1], set(16.0f / 45));
    at_all_points(g[0], s, d, s2, d2, half_s, half_d, g[2], u);
  }

  static HWY_INLINE void restore_filter(const Vec* u, Vec* g) {
    const Vec ninths = set(-2.0f / 9);
    const Vec s = hn::Mul(hn::Add(u[1], u[2]), ninths), d = hn::Mul(hn::Sub(u[1], u[2]), ninths);
    const Vec s2 = hn::Add(u[3], u[4]), d2 = hn::Sub(u[3], u[4]);
    const Vec half_s = hn::Add(u[5], u[6]), half_d = hn::Sub(u[5], u[6]);
    g[0] = hn::Add(u[0], hn::MulAdd(set(32.0f / 45), half_s, hn::MulAdd(set(1.0f / 90), s2, s)));
    g[1] = hn::MulAdd(set(16.0f / 45), half_d, hn::MulAdd(set(1.0f / 45), d2, d));
    g[2] = hn::Add(u[7], hn::MulAdd(set(8.0f / 45), half_s, hn::MulAdd(set(2.0f / 45), s2, s)));
  }

 private:
  /// A polynomial's values at the eight points, from its even and its odd part at 1, 2 and 1/2.
  static HWY_INLINE void at_all_points(Vec at_0, Vec even, Vec odd, Vec even2, Vec odd2, Vec half_even, Vec half_odd,
                                       Vec at_infinity, Vec* values) {
    values[0] = at_0;
    values[1] = hn::Add(even, odd);
    values[2] = hn::Sub(even, odd);
    values[3] = hn::Add(even2, odd2);
    values[4] = hn::Sub(even2, odd2);
    values[5] = hn::Add(half_even, half_odd);
    values[6] = hn::Sub(half_even, half_odd);
    values[7] = at_infinity;
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#endif
